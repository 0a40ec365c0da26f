"""Closes evidence folders (page, JUnit, manifest); kills the leftovers of commands that broke off.

Only the journal and the saved notebooks are needed: a later command can close the folder of a
killed one, after killing the processes that its runs have left.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from securenet_obs.errors import EvidenceError
from securenet_obs.processes.descendants import kill_marked
from securenet_obs.runner.evidence import junit, overview
from securenet_obs.runner.evidence.finishing import finish, judge_run
from securenet_obs.runner.evidence.folder import MANIFEST, EvidenceFolder
from securenet_obs.runner.evidence.masking import Masker
from securenet_obs.runner.record import journal
from securenet_obs.runner.record.attempts import overall
from securenet_obs.runner.record.journal import Journal
from securenet_obs.runner.record.runs import CommandRecord, RunRecord
from securenet_obs.runner.record.summary import run_rows
from securenet_obs.runner.record.verdict import (
    NOTHING_RAN,
    Judgement,
    Verdict,
    all_skipped,
)

_T = TypeVar("_T")

ORPHANED = "the command that ran it was killed"


def close(folder: EvidenceFolder) -> tuple[list[RunRecord], dict[str, Any]]:
    """Write the JUnit report and the manifest; return the folder's runs and its manifest."""
    record = folder.record()
    opened, runs = record.opened, record.runs
    rows = _build(folder, MANIFEST, lambda: run_rows(runs)) or []
    verdict = _save_reports(folder, record, rows)
    verdicts = [Verdict(row.judged["verdict"]) for row in runs if row.judged]
    folder.note("closed", verdict=verdict)
    facts = {name: opened.get(name) for name in ("id", "command", "target", "commit", "code")}
    facts |= {name: opened.get(name) for name in ("versions", "host", "planned", "resumes")}
    manifest = folder.seal(
        {
            **facts,
            "started": opened.get("at"),
            "finished": journal.now(),
            "verdict": verdict,
            "exit_code": verdict.exit_code,
            "reason": folder.unwritable or (NOTHING_RAN if all_skipped(verdicts) else ""),
            "runs": rows,
        }
    )
    if folder.unwritable and not verdict.exit_code:
        _save_reports(folder, record, rows)
    folder.journal.close()
    return runs, manifest


def close_again(
    folder: EvidenceFolder, error: EvidenceError
) -> tuple[list[RunRecord], dict[str, Any]]:
    """Close a closed folder again, with an error that came up since; return runs and manifest."""
    again = EvidenceFolder(folder.path, Journal(folder.path / journal.NAME), folder.masker)
    again.fail(error)
    return close(again)


def _build(folder: EvidenceFolder, name: str, make: Callable[[], _T]) -> _T | None:
    """Return a part of the evidence; if it cannot be made, record the reason and return None."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001
        # The folder is closed whatever a run left in its journal; the verdict is then an error.
        reason = f"cannot be made: {type(error).__name__}: {error}"
        folder.fail(EvidenceError(f"{folder.path / name}: {reason}"))
        return None


def _save_reports(
    folder: EvidenceFolder, record: CommandRecord, rows: Sequence[Mapping[str, Any]]
) -> Verdict:
    """Write the command's page and the JUnit report for CI; return the command's verdict."""
    verdict = overall(record.runs, record.opened, folder.unwritable)
    page = _build(
        folder,
        overview.NAME,
        lambda: overview.overview(record, rows, verdict, folder.unwritable, folder.path),
    )
    if page is not None:
        folder.save(overview.NAME, page)
    return _save_junit(folder, record)


def _save_junit(folder: EvidenceFolder, record: CommandRecord) -> Verdict:
    """Write the JUnit report and return the command's verdict."""
    # A green report left beside a failure would be believed, so it is removed first.
    (folder.path / junit.NAME).unlink(missing_ok=True)
    verdict = overall(record.runs, record.opened, folder.unwritable)
    text = _build(
        folder,
        junit.NAME,
        lambda: junit.junit(record, verdict, folder.unwritable, str(folder.path)),
    )
    if text is not None:
        folder.save(junit.NAME, text)
    return overall(record.runs, record.opened, folder.unwritable)


def close_orphans(root: Path) -> list[Path]:
    """Close every folder below `root` that a killed command left open; return their paths.

    The folder of a running command is locked, and is left alone.
    """
    closed = []
    for path in sorted(root.glob(f"*/{journal.NAME}")):
        if (path.parent / MANIFEST).exists():
            continue
        orphan = EvidenceFolder(path.parent, Journal(path), Masker())
        # Another command may have closed it since, or may be closing it now.
        if orphan.journal.lock() and not orphan.record().closed:
            _judge_orphans(orphan)
            close(orphan)
            closed.append(path.parent)
    return closed


def _judge_orphans(folder: EvidenceFolder) -> None:
    """Judge the unfinished runs, after killing their remaining processes."""
    for record in _unjudged(folder):
        folder.note("interrupted", run=record.run, reason=ORPHANED)
        finish(folder, record.run, judge_run(folder, record.run), 0.0, warm="")


def _unjudged(folder: EvidenceFolder) -> Iterator[RunRecord]:
    """Yield each unfinished run, after killing its remaining processes."""
    for record in folder.record().runs:
        if not record.judged:
            kill_marked(f"{folder.path.name}/{record.run}")
            yield record


def abandon(folder: EvidenceFolder, reason: str, verdict: Verdict) -> None:
    """Close the folder of a command that broke off; its unfinished runs get this verdict."""
    folder.fail(EvidenceError(reason))
    for record in _unjudged(folder):
        finish(folder, record.run, Judgement(verdict, record.cell, reason), 0.0, warm="")
    close(folder)
