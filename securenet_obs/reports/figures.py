"""Figures of runs: durations and latencies (median, 95th percentile), first failing checks."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from securenet_obs.reports.runs import ReportedRun

LAST = 100
"""Number of the last runs of a notebook and target that figures summarise."""


@dataclass(frozen=True)
class Figure:
    """Median and 95th percentile of a number of seconds."""

    number: int
    median: float
    p95: float
    last: float


def summarise(values: Sequence[float]) -> Figure | None:
    """Return the figure of the values in order of time; None without any.

    The percentile is interpolated linearly between the sorted values.
    """
    if not values:
        return None
    spread = statistics.quantiles(values, n=20, method="inclusive") if len(values) > 1 else values
    return Figure(len(values), statistics.median(values), spread[-1], values[-1])


def summarise_durations(runs: Sequence[ReportedRun]) -> Figure | None:
    """Return the figure of the durations of judged runs."""
    return summarise([run.seconds for run in runs if run.is_judged][-LAST:])


def collect_latencies(runs: Sequence[ReportedRun]) -> dict[str, list[tuple[str, float]]]:
    """Return the seconds that each check observed, with the start of the run, in order of time."""
    latencies = defaultdict(list)
    for run in [run for run in runs if run.latencies][-LAST:]:
        for check, seconds in run.latencies.items():
            latencies[check].append((run.started, seconds))
    return dict(latencies)


def summarise_latencies(runs: Sequence[ReportedRun]) -> dict[str, Figure]:
    """Return the figure of each check that observed durations."""
    found = {
        check: summarise([seconds for _, seconds in values])
        for check, values in collect_latencies(runs).items()
    }
    return {check: figure for check, figure in found.items() if figure}


@dataclass(frozen=True)
class FirstFailure:
    """The first failing check of runs, or the verdict of runs that failed without one.

    Attributes:
        check: name of the check; empty without one.
        verdict: verdict of the latest such run.
        number: number of runs.
        share: their share of all runs that failed.
        latest: the latest of them.
    """

    check: str
    verdict: str
    number: int
    share: float
    latest: ReportedRun


def count_first_failures(runs: Iterable[ReportedRun]) -> list[FirstFailure]:
    """Return the first failing checks of judged runs by notebook, the most frequent first.

    Args:
        runs: runs sorted by start.
    """
    found = defaultdict(list)
    for run in runs:
        if run.is_judged and run.verdict != "passed":
            key = run.failing or f"\0{run.verdict} {run.cell}"
            found[run.notebook, key].append(run)
    total = sum(map(len, found.values()))
    rows = [
        FirstFailure(each[-1].failing, each[-1].verdict, len(each), len(each) / total, each[-1])
        for each in found.values()
    ]
    return sorted(rows, key=lambda row: (-row.number, row.latest.notebook, row.check))
