"""Groups runs into attempts by order; derives a command's verdict, lists notebooks not started."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.record.verdict import Verdict, worst


@dataclass(frozen=True)
class Attempts:
    """The runs of one order, sorted by start."""

    runs: tuple[RunRecord, ...]

    @property
    def final(self) -> RunRecord:
        """The last attempt; its verdict is the order's."""
        return self.runs[-1]

    @property
    def earlier(self) -> tuple[RunRecord, ...]:
        """The attempts before the last one; none of them passed."""
        return self.runs[:-1]


def attempts(records: Iterable[RunRecord]) -> list[Attempts]:
    """Return the runs grouped by order, sorted by the start of the first attempt."""
    groups: dict[str, list[RunRecord]] = {}
    for record in records:
        groups.setdefault(record.started.get("first") or record.run, []).append(record)
    return [Attempts(tuple(runs)) for runs in groups.values()]


def never_started(records: Iterable[RunRecord], opened: Mapping[str, Any]) -> list[str]:
    """Return the names of the planned notebooks that the command never started."""
    planned = Counter(Path(order["path"]).stem for order in opened.get("planned") or [])
    started = Counter(str(group.final.started["notebook"]) for group in attempts(records))
    return list((planned - started).elements())


def overall(
    records: Sequence[RunRecord], opened: Mapping[str, Any], unwritable: str = ""
) -> Verdict:
    """Return the verdict of a command: the worst of its orders, each judged by its last attempt.

    Args:
        records: the command's runs.
        opened: the journal's first event, which lists the orders.
        unwritable: reason why the evidence could not be written; empty if it was written.
    """
    verdicts = [
        Verdict(group.final.judged["verdict"]) if group.final.judged else Verdict.INTERRUPTED
        for group in attempts(records)
    ]
    if never_started(records, opened):
        verdicts.append(Verdict.INTERRUPTED)
    if unwritable:
        verdicts.append(Verdict.ERROR)
    return worst(verdicts)
