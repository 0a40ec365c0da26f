"""Compares a failing run with its last green run on the same target, and ranks differences."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from securenet_obs.runner.comparison.differences import compare, not_compared
from securenet_obs.runner.comparison.facts import Facts, read_facts
from securenet_obs.runner.comparison.history import EarlierRun, earlier_runs
from securenet_obs.runner.comparison.ranking import Past, Symptom, rank
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.record.verdict import Judgement, Verdict

MAX_PAST_RUNS = 20
"""Number of earlier runs whose changes show how rare a change is."""

NOT_COMPARED = frozenset(
    {Verdict.PASSED, Verdict.SKIPPED, Verdict.INTERRUPTED, Verdict.BAD_PARAMETERS}
)
"""Verdicts of runs that are not compared: they passed, or state nothing about the target."""

NO_GREEN_RUN = "no earlier run of this notebook on this target has passed"


def compare_with_green(
    folder: Path,
    record: RunRecord,
    judgement: Judgement,
    *,
    target: str,
    source: str = "",
) -> dict[str, Any]:
    """Return the comparison of a failing run with its last green run.

    Args:
        folder: evidence folder of the run's command.
        record: the run's record.
        judgement: the run's verdict and its cell.
        target: the target's name, by `name_target`.
        source: source of the cell that decided the verdict.

    Returns:
        `last_green` with `command`, `run` and `started`, or None; `changes_since_green`, a list of
        `kind`, `what`, `before`, `after`, `rank` and `why`; `not_compared`, kind -> reason.
    """
    notebook = str(record.started["notebook"])
    past, green = _read_past(earlier_runs(folder.parent, folder.name, notebook, target))
    if green is None:
        return _result(None, [], {"everything": NO_GREEN_RUN})
    now = read_facts(folder, record.started)
    symptom = _symptom(record, judgement, source)
    changes = rank(compare(green.facts, now), symptom, _summarise(past, green, symptom))
    rows = [
        {**vars(row.difference), "rank": place, "why": row.why}
        for place, row in enumerate(changes, 1)
    ]
    return _result(green, rows, not_compared(green.facts, now))


def last_green_run(root: Path, current: str, notebook: str, target: str) -> EarlierRun | None:
    """Return the last green run of a notebook on a target before a command; None without one."""
    runs = earlier_runs(root, current, notebook, target)
    return next((run for run in runs if run.is_green), None)


def _read_past(runs: Iterable[EarlierRun]) -> tuple[list[EarlierRun], EarlierRun | None]:
    """Return the newest earlier runs, and the newest green one, which may be older than these."""
    past: list[EarlierRun] = []
    green: EarlierRun | None = None
    for run in runs:
        if len(past) <= MAX_PAST_RUNS:
            past.append(run)
        if green is None and run.is_green:
            green = run
        if green and len(past) > MAX_PAST_RUNS:
            break
    return past, green


def _result(
    green: EarlierRun | None, changes: list[dict[str, Any]], reasons: Mapping[str, str]
) -> dict[str, Any]:
    last = green and {
        "command": green.folder.name,
        "run": green.row.get("run"),
        "started": green.row.get("started"),
    }
    return {"last_green": last, "changes_since_green": changes, "not_compared": dict(reasons)}


def _symptom(record: RunRecord, judgement: Judgement, source: str) -> Symptom:
    failing = record.failing
    return Symptom(
        notebook=str(record.started["notebook"]),
        title=str(record.started.get("title") or ""),
        cell=judgement.cell,
        names=[row.name for row in failing] or [f"{judgement.verdict} {judgement.reason}"],
        expected=" ".join(row.expected for row in failing),
        observed=" ".join(row.observed for row in failing),
        source=source,
    )


def _summarise(past: Sequence[EarlierRun], green: EarlierRun, symptom: Symptom) -> Past:
    """Return the changes between successive runs up to the green one, newest first in `past`."""
    changes: Counter[tuple[str, str]] = Counter()
    values: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    settled = [run for run in past if not _is_later(run, green)]
    for newer, older in pairwise(settled):
        changes.update(row.key for row in compare(older.facts, newer.facts))
    for run in past:
        if run.is_green:
            for kind, facts in run.facts.kinds.items():
                for name, value in facts.items():
                    values[kind, name].add(value)
    return Past(
        pairs=max(0, len(settled) - 1),
        changes=changes,
        green={key: frozenset(found) for key, found in values.items()},
        before_red=_before_red(past, green, symptom),
    )


def _before_red(
    past: Sequence[EarlierRun], green: EarlierRun, symptom: Symptom
) -> frozenset[tuple[str, str]] | None:
    """Return the keys of the changes that the first run after the green one had already.

    Only a run in which one of the same checks failed counts; None without such a run.
    """
    reds = [run for run in past if not run.is_green and _is_later(run, green)]
    first: Facts | None = next(
        (run.facts for run in reversed(reds) if set(run.failing_checks) & set(symptom.names)), None
    )
    if first is None:
        return None
    return frozenset(difference.key for difference in compare(green.facts, first))


def _is_later(run: EarlierRun, green: EarlierRun) -> bool:
    return str(run.row.get("started")) > str(green.row.get("started"))
