"""Closes an evidence folder: banners, HTML, JUnit and manifest, all from the journal.

That nothing but the journal is needed lets a later command close what a killed one left behind.
"""

import contextlib
import importlib
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from securenet_obs.errors import EvidenceError, SecureNetObsError
from securenet_obs.runner import journal, report
from securenet_obs.runner.document import banner, finished
from securenet_obs.runner.evidence import MANIFEST, EvidenceFolder
from securenet_obs.runner.forked import ForkedProcess
from securenet_obs.runner.journal import Event, Journal, RunRecord, records
from securenet_obs.runner.masking import Masker
from securenet_obs.runner.processes import kill_marked
from securenet_obs.runner.saving import save_notebook
from securenet_obs.runner.verdict import NOTHING_RAN, Judgement, Verdict, all_skipped, judge, worst

PAGES = "securenet_obs.runner.pages"
PAGE_S = 30.0
"""Seconds that a warm server's process has to make a page."""

ORPHANED = "the command that ran it was killed"


def close(folder: EvidenceFolder) -> tuple[list[RunRecord], dict[str, Any]]:
    """Write what sums up the folder and seal it; return its runs and its manifest."""
    events = folder.events()
    opened = _opened(events)
    runs = records(events)
    folder.save("junit.xml", report.junit(runs))
    verdicts = [Verdict(row.judged["verdict"]) for row in runs if row.judged]
    verdict = worst(verdicts)
    folder.note("closed", verdict=verdict)
    facts = {name: opened.get(name) for name in ("id", "command", "target", "commit")}
    facts |= {name: opened.get(name) for name in ("versions", "host", "planned", "resumes")}
    manifest = folder.seal(
        {
            **facts,
            "started": opened.get("at"),
            "finished": journal.now(),
            "verdict": verdict,
            "exit_code": verdict.exit_code,
            "reason": NOTHING_RAN if all_skipped(verdicts) else "",
            "runs": report.summary(runs),
        }
    )
    folder.journal.close()
    return runs, manifest


def _opened(events: Iterable[Event]) -> Event:
    return next((event for event in events if event["event"] == "opened"), {})


def finish(
    folder: EvidenceFolder, run: str, judgement: Judgement, seconds: float, warm: str
) -> None:
    """Journal a run's verdict, and give its notebook its banner and its HTML page.

    Args:
        folder: where the run's evidence is.
        run: the run.
        judgement: what it came to.
        seconds: how long it took.
        warm: socket of a warm server that makes the page, empty to make it here.
    """
    judged = {"verdict": judgement.verdict, "cell": judgement.cell, "reason": judgement.reason}
    folder.note("judged", run=run, **judged, seconds=round(seconds, 3))
    events = folder.events()
    record = next(row for row in records(events) if row.run == run)
    if record.skipped:
        # It has no notebook of its own: nothing was executed.
        return
    path = folder.path / f"{run}.ipynb"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        folder.fail(EvidenceError(f"{path}: cannot be read: {error}"))
        return
    text = banner(record, judgement, seconds=seconds, opened=_opened(events))
    document = finished(document, record, judgement, text)
    try:
        save_notebook(path, document, folder.masker)
    except EvidenceError as error:
        folder.fail(error)
        return
    folder.save(f"{run}.html", _page(record.started["notebook"], path, warm))
    folder.note("saved", run=run)


def prepare_pages() -> None:
    """Import what makes pages, in the background: nbconvert takes its time, and a run too."""
    threading.Thread(target=importlib.import_module, args=(PAGES,), daemon=True).start()


def _page(name: str, notebook: Path, warm: str) -> str:
    """Return the HTML page of a finished notebook."""
    if warm and (page := _page_by_server(name, notebook, warm)):
        return page
    # Not at the top: only where there is a page to be made.
    from securenet_obs.runner.pages import html_page

    return html_page(name, json.loads(notebook.read_text(encoding="utf-8")))


def _page_by_server(name: str, notebook: Path, warm: str) -> str:
    """Return the page as a process of the warm server makes it, empty if that cannot be had."""
    with tempfile.TemporaryFile() as page:
        try:
            forked = ForkedProcess(
                warm,
                PAGES,
                [name, str(notebook.resolve())],
                environment=os.environ,
                folder=Path.cwd(),
                streams=[page.fileno()] * 3,
            )
        except SecureNetObsError:
            return ""
        with contextlib.closing(forked):
            done = forked.has_ended(PAGE_S) and forked.returncode == 0
        page.seek(0)
        return page.read().decode() if done else ""


def close_orphans(root: Path) -> list[Path]:
    """Close every folder below `root` that a killed command left open; return them.

    A folder whose command lives is locked, and left alone.
    """
    closed = []
    for path in sorted(root.glob(f"*/{journal.NAME}")):
        if (path.parent / MANIFEST).exists():
            continue
        orphan = EvidenceFolder(path.parent, Journal(path), Masker())
        # Another command may have closed it since, or be about to.
        if orphan.journal.lock() and not _is_closed(path):
            _judge_orphans(orphan)
            close(orphan)
            closed.append(path.parent)
    return closed


def _is_closed(path: Path) -> bool:
    return any(event["event"] == "closed" for event in journal.read(path))


def _judge_orphans(folder: EvidenceFolder) -> None:
    """Judge the runs that were under way; what is left of their processes is ended first."""
    for record in records(folder.events()):
        if record.judged:
            continue
        kill_marked(f"{folder.path.name}/{record.run}")
        folder.note("interrupted", run=record.run, reason=ORPHANED)
        record.interrupted = record.interrupted or ORPHANED
        finish(folder, record.run, judge(record), 0.0, warm="")


def surroundings() -> dict[str, Any]:
    """Return the git commit, the package versions and the host, for the record."""
    return {"commit": _commit(), "versions": _versions(), "host": _host()}


def _commit() -> str | None:
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _versions() -> dict[str, str]:
    """Return the versions of this project and of every package that it asks for."""
    names = ["securenet-obs", *_names(importlib.metadata.requires("securenet-obs") or [])]
    versions = {"python": platform.python_version()}
    for name in names:
        try:
            text = importlib.metadata.distribution(name).read_text("METADATA") or ""
        except importlib.metadata.PackageNotFoundError:
            continue
        # `importlib.metadata.version` parses the whole file as an e-mail, README and all.
        if found := re.search(r"^Version: (.+)$", text, re.MULTILINE):
            versions[name] = found[1]
    return versions


def _names(requirements: Iterable[str]) -> list[str]:
    """Return the names in requirement lines of what this machine's users run, `dev` left out."""
    return sorted(
        {
            found[0]
            for line in requirements
            if "extra == 'dev'" not in line and (found := re.match(r"[A-Za-z0-9._-]+", line))
        }
    )


def _host() -> dict[str, Any]:
    return {
        "name": platform.node(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "python": sys.implementation.name,
    }
