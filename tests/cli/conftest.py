"""Fixtures of the command line's tests: a notebook to run, and calls of the real command."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from securenet_obs.runner.kernel.forked import SOCKET
from tests.forked_python import ForkedPython


@pytest.fixture
def call(python: ForkedPython, tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Return a function that runs the command to its end, by default in the test's folder.

    A running warm server saves the command the start of its own.
    """

    def run(
        *arguments: object, cwd: Path = tmp_path, server: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        command = ["-m", "securenet_obs", *map(str, arguments)]
        return python.run(command, cwd=cwd, env=os.environ | {SOCKET: server}, timeout=120)

    return run


@pytest.fixture
def server(warm: Callable[[], str]) -> str:
    """Return the socket of a warm server; empty if none is available."""
    return warm()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a validation with the given cells."""

    def write_notebook(*cells: str, parameters: str = "", **declared: object) -> Path:
        document = v4.new_notebook(metadata={"securenet": {"kind": "validation", **declared}})
        tagged = v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
        document.cells = [tagged] if parameters else []
        document.cells += [v4.new_code_cell(cell) for cell in cells]
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        path = tmp_path / "notebooks" / "01_a_claim.ipynb"
        nbformat.write(document, path)
        return path

    return write_notebook
