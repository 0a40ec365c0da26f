"""Flaky notebooks: the verdict changed among the last runs although the conditions did not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from securenet_obs.reports.runs import ReportedRun

LAST = 20
"""Number of the last judged runs of a notebook and target that are compared."""


@dataclass(frozen=True)
class Flaky:
    """A notebook with different verdicts under equal conditions.

    Attributes:
        before: the run before the latest such change.
        after: the run after it, under the same conditions.
        changes: number of such changes among the last runs.
        runs: number of runs that were compared.
    """

    before: ReportedRun
    after: ReportedRun
    changes: int
    runs: int


def find_flaky(groups: Iterable[Sequence[ReportedRun]]) -> list[Flaky]:
    """Return the flaky notebooks, most changes first.

    Args:
        groups: runs of one notebook and target each, sorted by start. Runs that were skipped or
            interrupted state nothing, and are left out.
    """
    found = [flaky for runs in groups if (flaky := _judge(runs)) is not None]
    return sorted(found, key=lambda flaky: (-flaky.changes, flaky.after.group))


def _judge(runs: Sequence[ReportedRun]) -> Flaky | None:
    last = [run for run in runs if run.is_judged][-LAST:]
    earlier: dict[str, ReportedRun] = {}
    changes = []
    for run in last:
        before = earlier.get(run.conditions)
        if before is not None and before.verdict != run.verdict:
            changes.append((before, run))
        earlier[run.conditions] = run
    return Flaky(*changes[-1], len(changes), len(last)) if changes else None
