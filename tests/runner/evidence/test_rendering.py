"""Rendering a page, in the warm server or in this process, always within a time limit."""

import json
import os
import threading
from pathlib import Path

import pytest

from securenet_obs.errors import EvidenceError
from securenet_obs.runner.evidence import pages, rendering
from securenet_obs.runner.evidence.rendering import render
from securenet_obs.runner.kernel.forked import ForkedProcess
from securenet_obs.runner.kernel.warm import available

NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """Return the file of a notebook without cells."""
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(NOTEBOOK))
    return path


def test_server_and_thread_make_the_same_page(notebook: Path, server: str) -> None:
    """The page is the same from the server, from this process, and after a server is gone."""
    page = render("n", notebook, "")
    assert "<title>n</title>" in page
    assert render("n", notebook, server) == page
    assert render("n", notebook, str(notebook.parent / "no socket")) == page


@pytest.mark.parametrize("content", ["{", "[]", '{"nbformat": 4}'])
def test_a_failure_is_a_sentence(content: str, notebook: Path, server: str) -> None:
    """The error is one line that names the page and the cause, wherever the page was rendered."""
    notebook.write_text(content)
    for warm in ("", server):
        with pytest.raises(EvidenceError, match=r"n\.html: cannot be made: \S") as caught:
            render("n", notebook, warm)
        assert "\n" not in str(caught.value)


def test_a_page_that_takes_too_long_is_given_up(
    notebook: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error comes at the time limit, and the page is not tried again in another way."""
    monkeypatch.setattr(rendering, "PAGE_TIMEOUT_S", 0.0)
    if server:
        with pytest.raises(EvidenceError, match="not done in 0 s"):
            render("n", notebook, server)
    monkeypatch.setattr(rendering, "PAGE_TIMEOUT_S", 0.1)
    hanging = threading.Event()
    monkeypatch.setattr(pages, "html_page", lambda *_: str(hanging.wait(10)))
    with pytest.raises(EvidenceError, match=r"not done in 0\.1 s"):
        render("n", notebook, "")
    hanging.set()


@pytest.mark.skipif(not available(), reason="warm servers are for Linux")
def test_a_process_that_is_killed_is_a_sentence(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is asked twice; a page that ends its process twice is not rendered in this one."""
    pipe = tmp_path / "n.ipynb"
    os.mkfifo(pipe)
    killed: list[int] = []

    class Killed(ForkedProcess):
        """A process that is killed while it waits for the pipe's writer."""

        def has_ended(self, timeout: float | None) -> bool:
            """Kill the process, then wait."""
            self.kill()
            killed.append(self.pid)
            return super().has_ended(timeout)

    monkeypatch.setattr(rendering, "ForkedProcess", Killed)
    with pytest.raises(EvidenceError, match="killed by SIGKILL"):
        render("n", pipe, server)
    assert len(killed) == rendering.ATTEMPTS
