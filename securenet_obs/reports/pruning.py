"""Removes old evidence of commands, except runs that people and comparisons still need.

Kept at any age: the latest and the last green run of each notebook and target, runbooks that acted
(by the journal of on-call), the last proofs of each runbook, the newest command, and commands that
have not ended. Files and folders of other kinds, the journal of on-call among them, are never
touched. The runs of removed commands stay in the history of reports.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from securenet_obs.errors import EvidenceError
from securenet_obs.oncall.history import Entry
from securenet_obs.oncall.history import History as Journal
from securenet_obs.processes.locks import file_lock
from securenet_obs.reports.history import PRUNED, CommandRuns, History, format_command
from securenet_obs.reports.runs import ReportedRun

_NAME = re.compile(r"(\d{8}T\d{6}Z)-[0-9a-f]{8}")
"""Name of the evidence folder of a command: its start, and an id."""

_REMOVED = ".pruned-"
"""Begin of the name of a folder that is being removed."""

_ACTED = frozenset({"confirmed", "before", "after", "verified"})
_SLACK_S = 5.0
_LONGEST_PROOF_S = 6 * 3600.0
_LOCK_S = 10.0


@dataclass(frozen=True)
class OldCommand:
    """The evidence of a command that is older than the limit.

    Attributes:
        name: name of its folder.
        runs: its runs.
        size: bytes of its files.
        keep: why it is kept; empty if it is removed.
    """

    name: str
    runs: CommandRuns
    size: int
    keep: str = ""


def plan_pruning(evidence: Path, age_s: float, now: datetime | None = None) -> list[OldCommand]:
    """Return the commands that started longer ago than an age, the oldest first; remove nothing.

    Args:
        evidence: the folder with the evidence folders.
        age_s: age in seconds.
        now: the current time, in UTC.

    Raises:
        EvidenceError: the evidence or the journal of on-call cannot be read.
    """
    limit = (now or datetime.now(UTC)) - timedelta(seconds=age_s)
    history = History(evidence)
    orders = {
        command.name: str((command.manifest or {}).get("command"))
        for command in history.read({}, history.scan())
    }
    reasons = dict(_find_reasons(history, orders, Journal(evidence).read()))
    return [
        OldCommand(name, runs, _size_of(evidence / name), reasons.get(name, ""))
        for name, runs in history.commands.items()
        if (started := _parse_start(name)) and started < limit
    ]


def prune(evidence: Path, commands: Iterable[OldCommand]) -> list[OldCommand]:
    """Remove the evidence of those commands that are not kept; return these.

    The runs of each are in the history before its folder goes.

    Raises:
        EvidenceError: a folder cannot be removed, or the history cannot be written.
    """
    removed = []
    try:
        with file_lock(evidence / ".prune.lock", wait_s=_LOCK_S) as is_held:
            if not is_held:
                raise EvidenceError(f"Another command is pruning {evidence}.")
            for leftover in evidence.glob(f"{_REMOVED}*"):
                shutil.rmtree(leftover)
            for command in commands:
                if not command.keep and (evidence / command.name).is_dir():
                    _remove(evidence, command)
                    removed.append(command)
    except OSError as error:
        file = error.filename or evidence
        raise EvidenceError(f"{file}: cannot be removed: {error.strerror}.") from error
    return removed


def _remove(evidence: Path, command: OldCommand) -> None:
    with (evidence / PRUNED).open("ab") as file:
        file.write(format_command(command.name, command.runs))
        file.flush()
        os.fsync(file.fileno())
    # Renamed first: a removal that breaks off leaves no half of an evidence folder.
    hidden = (evidence / command.name).rename(evidence / f"{_REMOVED}{command.name}")
    shutil.rmtree(hidden)


def _find_reasons(
    history: History, orders: Mapping[str, str], journal: Sequence[Entry]
) -> Iterator[tuple[str, str]]:
    """Yield the folders to keep, each with a reason; the last one for a folder counts."""
    runs = [run for run in history.runs if not run.is_pruned]
    yield from _find_proofs(runs, orders, journal)
    yield from _find_actions(runs, journal)
    latest = {run.group: run for run in runs}
    green = {run.group: run for run in runs if run.verdict == "passed"}
    for reason, found in (("latest run", latest), ("last green run", green)):
        for run in found.values():
            yield run.command, f"{reason} of {run.notebook} on {run.target}"
    if named := [name for name in history.commands if _parse_start(name)]:
        yield max(named), "newest command"


def _find_actions(
    runs: Sequence[ReportedRun], journal: Sequence[Entry]
) -> Iterator[tuple[str, str]]:
    """Yield the runs of runbooks during which the journal has an action or its verification."""
    acted = [(row.get("runbook"), _parse(row["at"])) for row in journal if row["event"] in _ACTED]
    for run in runs:
        start = _parse(run.started)
        end = start + timedelta(seconds=run.seconds + _SLACK_S)
        if any(name == run.notebook and start <= moment <= end for name, moment in acted):
            yield run.command, f"{run.notebook} acted"


def _find_proofs(
    runs: Sequence[ReportedRun], orders: Mapping[str, str], journal: Sequence[Entry]
) -> Iterator[tuple[str, str]]:
    """Yield the runs behind the last proof and the last cross-proof of each runbook."""
    last = {
        (row["event"], row["runbook"]): row
        for row in journal
        if row["event"] in ("proved", "crossed")
    }
    for (event, runbook), row in last.items():
        end = _parse(row["at"])
        seconds = row.get("seconds") if event == "proved" else _LONGEST_PROOF_S
        start = end - timedelta(seconds=float(seconds or 0.0) + _SLACK_S)
        for run in runs:
            is_proof = orders.get(run.command) not in ("run", "validate")
            if is_proof and run.notebook == runbook and start <= _parse(run.started) <= end:
                yield run.command, f"last proof of {runbook}"


def _parse_start(name: str) -> datetime | None:
    """Return the start of a command by its folder; None for a folder of another kind."""
    match = _NAME.fullmatch(name)
    return datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if match else None


def _parse(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
