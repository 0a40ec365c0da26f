"""Requests an HTML page from `pages`: in the warm server or this process, within a time limit."""

import contextlib
import importlib
import json
import os
import signal
import tempfile
import threading
from pathlib import Path
from queue import Empty, SimpleQueue

from securenet_obs.errors import EvidenceError, SecureNetObsError
from securenet_obs.runner.kernel.forked import ForkedProcess

PAGES = "securenet_obs.runner.evidence.pages"
PAGE_TIMEOUT_S = 30.0
"""Time limit in seconds for a page; after it the evidence is closed without the page."""

MAX_REASON_LENGTH = 300

ATTEMPTS = 2
"""Attempts in the server: its process may have been killed for another reason."""


def prepare_pages() -> None:
    """Import the page renderer in the background: nbconvert's slow import overlaps with the run."""
    threading.Thread(target=_warm_up, daemon=True).start()


def _warm_up() -> None:
    importlib.import_module(PAGES).warm_up()


def render(name: str, notebook: Path, warm: str) -> str:
    """Return the HTML page of a notebook file.

    Args:
        name: the page's title.
        notebook: the file.
        warm: socket of a warm server that renders the page; empty to render it in this process.

    Raises:
        EvidenceError: the page cannot be rendered, or not in time.
    """
    if warm:
        page = _render_by_server(name, notebook, warm)
        if page is not None:
            return page
    return _render_here(name, notebook)


def _failed(notebook: Path, reason: str) -> EvidenceError:
    """Return the error with its reason on one line, as nbformat's reasons have many."""
    line = " ".join(reason.split())[:MAX_REASON_LENGTH]
    return EvidenceError(f"{notebook.with_suffix('.html')}: cannot be made: {line}")


def _render_by_server(name: str, notebook: Path, warm: str) -> str | None:
    """Return the page as rendered by a process of the server; None if the server is gone.

    Raises:
        EvidenceError: the page cannot be rendered, or not in time.
    """
    killed = ""
    for _ in range(ATTEMPTS):
        try:
            status, output = _request_page(name, notebook, warm)
        except SecureNetObsError:
            return None
        if status == 0:
            return output
        if status is None:
            raise _failed(notebook, f"not done in {PAGE_TIMEOUT_S:g} s")
        if status > 0:
            raise _failed(notebook, _last_line(output))
        killed = f"its process was killed by {signal.Signals(-status).name}"
    raise _failed(notebook, killed)


def _request_page(name: str, notebook: Path, warm: str) -> tuple[int | None, str]:
    """Return the exit status of a rendering process (None if it is late) and its output.

    Raises:
        SecureNetObsError: the server does not answer.
    """
    with tempfile.TemporaryFile() as page:
        forked = ForkedProcess(
            warm,
            PAGES,
            [name, str(notebook.resolve())],
            environment=os.environ,
            folder=Path.cwd(),
            streams=[page.fileno()] * 3,
        )
        with contextlib.closing(forked):
            forked.has_ended(PAGE_TIMEOUT_S)
        page.seek(0)
        return forked.returncode, page.read().decode("utf-8", "replace")


def _last_line(output: str) -> str:
    return (output.strip().splitlines() or ["its process failed"])[-1]


def _render_here(name: str, notebook: Path) -> str:
    """Return the page as rendered by a thread of this process.

    Raises:
        EvidenceError: the page cannot be rendered, or not in time.
    """
    answers: SimpleQueue[str | Exception] = SimpleQueue()
    # A thread that hangs is abandoned, and ends with the process.
    threading.Thread(target=_put_page, args=(name, notebook, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=PAGE_TIMEOUT_S)
    except Empty:
        raise _failed(notebook, f"not done in {PAGE_TIMEOUT_S:g} s") from None
    if isinstance(answer, Exception):
        raise _failed(notebook, f"{type(answer).__name__}: {answer}") from answer
    return answer


def _put_page(name: str, notebook: Path, answers: "SimpleQueue[str | Exception]") -> None:
    # Not at the top: nbconvert is needed only to render a page.
    from securenet_obs.runner.evidence.pages import html_page

    try:
        answers.put(html_page(name, json.loads(notebook.read_text(encoding="utf-8"))))
    except Exception as error:  # noqa: BLE001
        # Outputs may be anything, and nbconvert, its templates and lexers do not validate them.
        answers.put(error)
