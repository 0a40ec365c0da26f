"""Comparison of calls in interleaved rounds: medians, ratios, a table and its JSON.

Rounds are interleaved and a ratio is the median of the ratios within each round, so that other
load on the machine affects all calls alike.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

Call = Callable[[], object]
Times = dict[str, list[float]]
"""Name of a call -> its seconds in each round."""


def interleaved(calls: Mapping[str, Call], rounds: int = 101, at_least_s: float = 0.003) -> Times:
    """Return the seconds of each call in each round; short calls are repeated within a round."""
    numbers = {name: _repetitions(call, at_least_s) for name, call in calls.items()}
    times: Times = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(_seconds(call, numbers[name]))
    return times


def _repetitions(call: Call, at_least_s: float) -> int:
    call()
    return max(1, int(at_least_s / max(_seconds(call, 3), 1e-7)))


def _seconds(call: Call, number: int) -> float:
    repeated = range(number)
    began = time.perf_counter()
    for _ in repeated:
        call()
    return (time.perf_counter() - began) / number


def ratio(times: Times, name: str, to: str) -> float:
    """Return the median ratio of one call's time to another's."""
    return statistics.median(a / b for a, b in zip(times[name], times[to], strict=True))


@dataclass(frozen=True)
class Target:
    """A bound of the design for a ratio or a duration: a maximum or a minimum."""

    most: float = float("inf")
    least: float = 0.0

    def met(self, value: float) -> bool:
        """Return whether the value is within the bound."""
        return self.least <= value <= self.most

    def __str__(self) -> str:
        """Return the bound as text for a table."""
        return f"<= {self.most:g}" if self.most < float("inf") else f">= {self.least:g}"


@dataclass(frozen=True)
class Row:
    """One line of a table: a measured call and the call that it is compared with."""

    case: str
    call: str
    microseconds: float
    ratio: float
    to: str
    target: str = ""
    met: bool | None = None


def rows(
    case: str, times: Times, base: str, targets: Mapping[tuple[str, str], Target] | None = None
) -> list[Row]:
    """Return a row for each call with its ratio to `base`, and a row for each target's verdict.

    The keys of `targets` are pairs of a call and its baseline.
    """
    results = [_row(case, times, name, base, None) for name in times]
    for (name, to), target in (targets or {}).items():
        results.append(_row(case, times, name, to, target))
    return results


def _row(case: str, times: Times, name: str, to: str, target: Target | None) -> Row:
    times_longer = ratio(times, name, to)
    microseconds = statistics.median(times[name]) * 1e6
    if target is None:
        return Row(case, name, microseconds, times_longer, to)
    met = target.met(times_longer)
    return Row(case, name, microseconds, times_longer, to, str(target), met)


def report(benchmark: str, results: Iterable[Row]) -> None:
    """Print the rows as a table; `--json FILE` on the command line also writes them to a file."""
    parser = argparse.ArgumentParser(description=f"Benchmark: {benchmark}.")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    file = parser.parse_args().json
    results = list(results)
    widths = [max(len(getattr(row, name)) for row in results) for name in ("case", "call", "to")]
    for row in results:
        verdict = "" if row.met is None else f"{row.target:>8}  {'met' if row.met else 'MISSED'}"
        print(
            f"{row.case:{widths[0]}}  {row.call:{widths[1]}}  {row.microseconds:10.2f} us"
            f"  {row.ratio:7.2f} x {row.to:{widths[2]}}  {verdict}".rstrip()
        )
    if file is not None:
        machine = {"python": platform.python_version(), "machine": platform.machine()}
        document = {"benchmark": benchmark, **machine, "rows": [asdict(row) for row in results]}
        file.write_text(json.dumps(document, indent=2) + "\n")
