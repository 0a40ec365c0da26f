"""Writes the static site incrementally: index, a page for each run and notebook, history."""

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from securenet_obs.errors import EvidenceError
from securenet_obs.layout.pages import Pages, style_sheet
from securenet_obs.processes.atomic_file import replace_file
from securenet_obs.processes.locks import file_lock
from securenet_obs.reports import figures, flaky, matrix, plots
from securenet_obs.reports.copies import copy_evidence
from securenet_obs.reports.history import (
    CommandRuns,
    History,
    ReadCommand,
    Stamp,
    read_cache,
    write_cache,
)
from securenet_obs.reports.run_page import prepare_run_page
from securenet_obs.reports.runs import ReportedRun

INDEX = "index.html"
FOLDER = "report"
"""Folder of the site with all pages except the index."""

RUNS_PER_PAGE = 500
"""Number of runs on a page of the history; pages are filled from the oldest run."""

RECENT = 20
"""Number of the latest runs on the index."""

LISTED = 100
"""Number of the latest runs on the page of a notebook."""

PLOTTED = 200
"""Number of runs in a plot of durations."""

_PAGES = Pages(Path(__file__).parent / "templates")
_UP = "../../"
"""Path from a page in a folder of `FOLDER` to the site's root."""

_LOCK_S = 60.0

Group = tuple[str, str]
"""Notebook and target."""


@dataclass(frozen=True)
class Written:
    """The outcome of writing the site: its index, and the number of runs and of new run pages."""

    index: Path
    runs: int
    pages: int
    unreadable: Mapping[str, str]


def write_site(evidence: Path, root: Path | None = None) -> Written:
    """Write the site, or bring it up to date.

    Args:
        evidence: the folder with the evidence folders of commands.
        root: folder of the site, by default `evidence` itself. Into another one the executed
            notebooks are linked or copied.

    Raises:
        EvidenceError: the evidence cannot be read, or the site cannot be written.
    """
    folder = root or evidence
    if (evidence / "run.json").exists():
        raise EvidenceError(
            f"{evidence} is the evidence of one command; the report is made of the folder that "
            f"contains such folders: securenet-obs report {evidence.parent}"
        )
    try:
        for name in ("runs", "notebooks", "history"):
            (folder / FOLDER / name).mkdir(parents=True, exist_ok=True)
        with file_lock(folder / FOLDER / ".lock", wait_s=_LOCK_S) as is_held:
            if not is_held:
                raise EvidenceError(f"{folder}: another command is writing this report.")
            return _Site(evidence, folder).write()
    except OSError as error:
        file = error.filename or folder
        raise EvidenceError(f"{file}: cannot be written: {error.strerror}.") from error


@dataclass
class _Site:
    evidence: Path
    root: Path
    _pages: int = 0
    _changed: set[Group] = field(default_factory=set)
    _previous: dict[Group, ReportedRun] = field(default_factory=dict)
    _green: dict[Group, ReportedRun] = field(default_factory=dict)

    def write(self) -> Written:
        cache = self.root / FOLDER / "cache.jsonl"
        fingerprint = _PAGES.fingerprint()
        history = History(self.evidence)
        known = read_cache(cache, fingerprint)
        stamps = history.scan()
        stale = find_stale(known, stamps)
        fresh = {name: runs for name, runs in known.items() if name not in stale}
        self._write_run_pages(history, fresh, stamps)
        self._remove(history)
        runs = history.runs
        groups = defaultdict(list)
        for run in runs:
            groups[run.group].append(run)
        self._write(f"{FOLDER}/style.css", style_sheet())
        for group in self._changed & groups.keys():
            self._write_notebook(groups[group])
        is_new = not known
        self._write_history(runs, is_new=is_new)
        self._write_index(history, runs, groups)
        write_cache(cache, fingerprint, history.commands)
        return Written(self.root / INDEX, len(runs), self._pages, history.unreadable)

    def _write_run_pages(
        self, history: History, known: Mapping[str, CommandRuns], stamps: Mapping[str, Stamp]
    ) -> None:
        """Write the pages of new commands; each refers to the run before it."""
        with ThreadPoolExecutor(1) as writer:
            saved = []
            for command in history.read(known, stamps):
                if command.manifest is not None:
                    saved += [writer.submit(self._save, *page) for page in self._render(command)]
                self._remember(history.commands[command.name].runs)
        for each in saved:
            each.result()
        self._pages = len(saved)

    def _render(self, command: ReadCommand) -> Iterator[tuple[str, str]]:
        """Yield path and text of the page of each run of a command."""
        folder = self.evidence / command.name
        if self.root != self.evidence:
            copy_evidence(folder, self.root / command.name)
        files = {path.name for path in os.scandir(folder)}
        for run, row in command.rows:
            yield run.page, self._render_run(run, row, command.manifest, files)
            self._remember([run])
            self._changed.add(run.group)

    def _save(self, name: str, text: str) -> None:
        """Write one of many pages in place: one that is cut is written anew by the next report."""
        (self.root / name).write_text(text, encoding="utf-8", errors="replace")

    def _remember(self, runs: Iterable[ReportedRun]) -> None:
        for run in runs:
            self._previous[run.group] = run
            if run.verdict == "passed":
                self._green[run.group] = run

    def _render_run(
        self, run: ReportedRun, row: Mapping[str, Any], manifest: Any, files: Collection[str]
    ) -> str:
        shown = (f"{run.run}.html", f"{run.run}.ipynb", "index.html", "junit.xml", "journal.jsonl")
        return _PAGES.render(
            "run.html.j2",
            style="../style.css",
            up=_UP,
            run=run,
            **prepare_run_page(run, row, manifest),
            files=[name for name in (*shown, "run.json") if name in files],
            previous=self._previous.get(run.group),
            green=self._green.get(run.group),
            notebook_page=notebook_page(run.group),
        )

    def _remove(self, history: History) -> None:
        """Remove the pages of changed or missing evidence, unless just written."""
        present = {run.page for command in history.commands.values() for run in command.runs}
        for run in history.gone:
            self._changed.add(run.group)
            if run.page not in present:
                (self.root / run.page).unlink(missing_ok=True)

    def _write_notebook(self, runs: Sequence[ReportedRun]) -> None:
        judged = [run for run in runs if run.is_judged]
        latencies = figures.collect_latencies(runs)
        by_check = figures.summarise_latencies(runs)
        duration = figures.summarise_durations(runs)
        plotted = judged[-PLOTTED:]
        text = _PAGES.render(
            "notebook.html.j2",
            style="../style.css",
            up=_UP,
            latest=runs[-1],
            number=len(runs),
            runs=runs[: -LISTED - 1 : -1],
            duration=duration,
            plot=plots.plot_durations(plotted, duration) if duration else "",
            latencies=[
                (check, figure, plots.plot_latency(check, latencies[check], figure))
                for check, figure in by_check.items()
            ],
            flaky=flaky.find_flaky([runs]),
            failures=figures.count_first_failures(runs),
        )
        self._write(notebook_page(runs[0].group), text)

    def _write_history(self, runs: Sequence[ReportedRun], *, is_new: bool) -> None:
        """Write the pages of the history that changed, and remove those past its end."""
        folder = self.root / FOLDER / "history"
        number = max(1, -(-len(runs) // RUNS_PER_PAGE))
        for page in range(1, number + 1):
            part = runs[(page - 1) * RUNS_PER_PAGE : page * RUNS_PER_PAGE]
            is_last = page == number
            digest = _digest(part, is_last=is_last)
            stamp = folder / f".{page}"
            if not is_new and _read_text(stamp) == digest and (folder / f"{page}.html").exists():
                continue
            text = _PAGES.render(
                "history.html.j2",
                style="../style.css",
                up=_UP,
                runs=part[::-1],
                page=page,
                is_last=is_last,
            )
            self._write(f"{FOLDER}/history/{page}.html", text)
            stamp.write_text(digest)
        for path in folder.glob("*.html"):
            if path.stem.isdigit() and int(path.stem) > number:
                path.unlink(missing_ok=True)

    def _write_index(
        self,
        history: History,
        runs: Sequence[ReportedRun],
        groups: Mapping[Group, Sequence[ReportedRun]],
    ) -> None:
        table = matrix.build_matrix(groups)
        days = {run.day for run in runs}
        text = _PAGES.render(
            "index.html.j2",
            style=f"{FOLDER}/style.css",
            number=len(runs),
            days=len(days),
            latest=[groups[group][-1] for group in sorted(groups)],
            matrix=table,
            failures_plot=plots.plot_failures(matrix.count_not_passed(runs, table.days[::-1]))
            if table.days
            else "",
            durations=[
                (group, figure)
                for group in sorted(groups)
                if (figure := figures.summarise_durations(groups[group]))
            ],
            latencies=[
                (group, check, figure)
                for group in sorted(groups)
                for check, figure in figures.summarise_latencies(groups[group]).items()
            ],
            flaky=flaky.find_flaky(groups.values()),
            compared=flaky.LAST,
            summarised=figures.LAST,
            failures=figures.count_first_failures(runs),
            recent=runs[: -RECENT - 1 : -1],
            last_page=f"{FOLDER}/history/{max(1, -(-len(runs) // RUNS_PER_PAGE))}.html",
            unreadable=history.unreadable,
            unfinished=history.unfinished,
            page_of=notebook_page,
        )
        self._write(INDEX, text)

    def _write(self, name: str, text: str) -> None:
        data = text.encode("utf-8", "replace")
        replace_file(self.root / name, data, mode=0o644, to_disk=False)


def find_stale(known: Mapping[str, CommandRuns], present: Container[str]) -> set[str]:
    """Return the commands with a page that links to a run of a missing command."""
    if all(name in present for name in known):
        return set()
    stale = set()
    previous: dict[Group, str] = {}
    green: dict[Group, str] = {}
    for name in sorted(known):
        for run in known[name].runs:
            linked = {previous.get(run.group, name), green.get(run.group, name)} - {name}
            if any(each not in present for each in linked):
                stale.add(name)
            previous[run.group] = name
            if run.verdict == "passed":
                green[run.group] = name
    return {name for name in stale if name in present}


def notebook_page(group: Group) -> str:
    """Return the path of the page of a notebook and target below the site's root."""
    clean = re.sub(r"[^A-Za-z0-9_-]+", "-", group[0])[:80]
    digest = hashlib.sha256("\0".join(group).encode("utf-8", "replace")).hexdigest()[:8]
    return f"{FOLDER}/notebooks/{clean}-{digest}.html"


def _digest(runs: Iterable[ReportedRun], *, is_last: bool) -> str:
    text = "\n".join(f"{run.page} {run.verdict} {run.reason} {run.seconds}" for run in runs)
    return hashlib.sha256(f"{is_last}\n{text}".encode("utf-8", "replace")).hexdigest()


def _read_text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
