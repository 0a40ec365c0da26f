"""The matrix of notebooks and days: the worst verdict of each day, with the runs behind it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from securenet_obs.reports.runs import ReportedRun
from securenet_obs.runner.record.verdict import Verdict

DAYS = 30
"""Number of days in the matrix."""

_ORDER = {verdict.value: number for number, verdict in enumerate(Verdict)}
"""Verdict -> its place among all verdicts; a worse one comes later."""


@dataclass(frozen=True)
class Day:
    """The runs of a notebook and target on one day; `run` is the latest with the worst verdict."""

    run: ReportedRun
    passed: int
    number: int

    @property
    def description(self) -> str:
        """The day in words, for a tooltip and a screen reader."""
        count = f", {self.passed} of {self.number} runs passed" if self.number > 1 else ""
        return f"{self.run.verdict.replace('_', ' ')}{count}"


@dataclass(frozen=True)
class Matrix:
    """A row of days for each notebook and target; a day without a run is None."""

    days: tuple[str, ...]
    rows: Mapping[tuple[str, str], tuple[Day | None, ...]]


def build_matrix(groups: Mapping[tuple[str, str], Sequence[ReportedRun]]) -> Matrix:
    """Return the matrix of the last days, the day of the latest run first."""
    latest = max((runs[-1].day for runs in groups.values()), default="")
    days = _days_until(latest)
    rows = {}
    for group, runs in groups.items():
        by_day = defaultdict(list)
        for run in runs:
            if days and run.day >= days[-1]:
                by_day[run.day].append(run)
        if by_day:
            rows[group] = tuple(_judge(by_day[day]) if day in by_day else None for day in days)
    return Matrix(days, rows)


def _days_until(latest: str) -> tuple[str, ...]:
    try:
        end = date.fromisoformat(latest)
    except ValueError:
        return ()
    return tuple(f"{end - timedelta(days=back)}" for back in range(DAYS))


def _judge(runs: Sequence[ReportedRun]) -> Day:
    worst = max(runs, key=lambda run: (_ORDER.get(run.verdict, len(_ORDER)), run.started))
    return Day(worst, sum(run.verdict == "passed" for run in runs), len(runs))


def count_not_passed(runs: Iterable[ReportedRun], days: Sequence[str]) -> dict[str, int]:
    """Return the number of judged runs that did not pass, for each of the days."""
    counts = dict.fromkeys(days, 0)
    for run in runs:
        if run.day in counts and run.is_judged and run.verdict != "passed":
            counts[run.day] += 1
    return counts
