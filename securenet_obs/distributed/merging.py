"""Merges the evidence of a run, as its worker wrote it, into the evidence folder of its command."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from securenet_obs.errors import EvidenceError
from securenet_obs.runner.comparison.facts import FACTS_FILE
from securenet_obs.runner.evidence import junit
from securenet_obs.runner.evidence.folder import MANIFEST, EvidenceFolder, verify
from securenet_obs.runner.record import journal
from securenet_obs.runner.record.verdict import Judgement, Verdict

REFUSAL = "refused.json"
"""File of a part whose worker could not begin the run; it has the `reason`."""

GIVEN_UP = "its worker was lost, and so was that of its second start"
"""Reason of a run that is not started a third time; it is interrupted, not refused."""

_COMMANDS = ("opened", "run_started", "closed")
"""Events of the worker's own command; the others are those of the run."""

_OWN = frozenset({MANIFEST, junit.NAME, journal.NAME, REFUSAL})

Event = dict[str, Any]


def write_refusal(folder: Path, reason: str) -> None:
    """Write the evidence of a run that could not begin."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REFUSAL).write_text(json.dumps({"reason": reason}))


def refusal_in(part: Path) -> str:
    """Return why the worker could not begin the run; empty if it did."""
    path = part / REFUSAL
    return str(json.loads(path.read_text())["reason"]) if path.exists() else ""


def start_of(part: Path) -> Event:
    """Return the event by which the worker's run was started.

    Raises:
        EvidenceError: the part is not the unchanged evidence of one run.
    """
    folder = _folder_in(part)
    if changes := verify(folder):
        raise EvidenceError(f"the evidence of the worker was changed: {'; '.join(changes)}")
    started = [event for event in _events(folder) if event["event"] == "run_started"]
    if len(started) != 1:
        raise EvidenceError("the evidence of the worker is not that of one run")
    return started[0]


def merge(folder: EvidenceFolder, run: str, part: Path, **facts: Any) -> tuple[Judgement, float]:
    """Take over a run's events, notebook, page and other files; return its judgement and seconds.

    Args:
        folder: the command's evidence folder.
        run: name of the run there, which has been started.
        part: the evidence that the worker wrote.
        facts: what else is known, for the journal: the worker, the task.

    Raises:
        EvidenceError: the part is not the unchanged evidence of one run, or cannot be written.
    """
    theirs = str(start_of(part)["run"])
    source = _folder_in(part)
    folder.note("taken_over", run=run, part=read_digest(source), **facts)
    judged: Event = {}
    for event in _events(source):
        if event["event"] not in _COMMANDS and event.get("run") == theirs:
            folder.note(**{**event, "run": run})
            judged = event if event["event"] == "judged" else judged
    _copy(source, folder.path, theirs, run)
    if not judged:
        raise EvidenceError("the evidence of the worker has no verdict")
    verdict = Verdict(judged["verdict"])
    return Judgement(verdict, judged["cell"], str(judged["reason"])), float(judged["seconds"])


def read_digest(folder: Path) -> str:
    """Return the digest of a manifest, which covers every file."""
    return str(json.loads((folder / MANIFEST).read_text())["digest"])


def _folder_in(part: Path) -> Path:
    """Return the evidence folder of a part.

    Raises:
        EvidenceError: there is not exactly one.
    """
    found = [path.parent for path in part.rglob(journal.NAME)]
    if len(found) != 1:
        raise EvidenceError("the worker left no evidence of the run")
    return found[0]


def _events(folder: Path) -> Iterator[Event]:
    for line in (folder / journal.NAME).read_bytes().splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue  # a line that was cut off
        if isinstance(event, dict) and "event" in event:
            yield event


def _copy(source: Path, target: Path, theirs: str, run: str) -> None:
    """Copy the files of a run; those that have its name there get the name that it has here.

    The facts of the command's own machine stay: those of a worker have digests of another key.

    Raises:
        EvidenceError: a file cannot be written.
    """
    for path in (path for path in sorted(source.rglob("*")) if path.is_file()):
        name = path.relative_to(source).as_posix()
        has_facts = name == FACTS_FILE and (target / name).exists()
        if name in _OWN or has_facts:
            continue
        copy = target / (f"{run}{name[len(theirs) :]}" if name.startswith(f"{theirs}.") else name)
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        except OSError as error:
            raise EvidenceError(f"{copy}: cannot be written: {error.strerror}") from error
