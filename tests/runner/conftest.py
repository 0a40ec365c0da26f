"""Fixtures of the runner's tests: small notebooks, and real runs of them."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4

from securenet_obs.runner.command import Command, Outcome
from securenet_obs.runner.kernel.forked import SOCKET
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.orders import order_for
from securenet_obs.runner.record.verdict import Judgement
from securenet_obs.runner.target import target_of

CHECKED = (
    "from securenet_obs.checks import Checks\n"
    "checks = Checks()\n"
    "checks.expect('one is one', expected=1, observed=1)"
)


@dataclass
class RecordedProgress:
    """A progress listener that records its calls."""

    lines: list[tuple[Any, ...]] = field(default_factory=list)

    def started(self, run: str, cells: int) -> None:
        """Record the call."""
        self.lines.append(("started", run, cells))

    def waits(self, run: str, reason: str) -> None:
        """Record the call."""
        self.lines.append(("waits", run, reason))

    def cell(self, run: str, cell: int) -> None:
        """Record the call."""
        self.lines.append(("cell", run, cell))

    def shown(self, run: str, text: str) -> None:
        """Record the call."""
        self.lines.append(("shown", run, text))

    def finished(self, run: str, judgement: Judgement, seconds: float) -> None:
        """Record the call."""
        self.lines.append(("finished", run, str(judgement.verdict)))


@pytest.fixture
def listener() -> RecordedProgress:
    """Return a progress listener that records its calls."""
    return RecordedProgress()


@pytest.fixture
def write_notebook(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a notebook of the given cells below the test's folder."""

    def write(
        *cells: str,
        name: str = "a_claim",
        parameters: str = "",
        folder: str = "notebooks",
        tags: Mapping[int, Sequence[str]] | None = None,
        foreign: bool = False,
        **declared: Any,
    ) -> Path:
        document = v4.new_notebook()
        if not foreign:
            document.metadata["securenet"] = {"kind": "validation", **declared}
        document.cells = [v4.new_markdown_cell("# A claim holds\n\nWhat it is for.\n\nMore.")]
        if parameters:
            tagged = {"tags": ["parameters"]}
            document.cells.append(v4.new_code_cell(parameters, metadata=tagged))
        for index, cell in enumerate(cells):
            metadata = {"tags": list((tags or {}).get(index, []))}
            document.cells.append(v4.new_code_cell(cell, metadata=metadata))
        path = tmp_path / folder / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(document, path)
        return path

    return write


@pytest.fixture(scope="session")
def server(warm: Callable[[], str]) -> str:
    """Return the socket of a warm server for all tests, or an empty string if it cannot run."""
    return warm()


@pytest.fixture
def execute(tmp_path: Path, listener: RecordedProgress, server: str) -> Callable[..., Outcome]:
    """Return a function that really runs notebooks, in one command, warm by default."""

    def run(
        *paths: Path,
        assignments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        plain: bool = False,
        deadline_s: float | None = None,
        cell_deadline_s: float | None = None,
        evidence: Path | None = None,
        local: bool = False,
        cold: bool = False,
        **options: Any,
    ) -> Outcome:
        orders = [
            order_for(read_notebook(path, plain=plain), assignments, deadline_s, cell_deadline_s)
            for path in paths
        ]
        target = target_of("a test", environment or {}, local=local)
        options.setdefault("warm", "" if cold else server)
        return Command(target, evidence or tmp_path / "evidence", listener, **options).run(orders)

    return run


@pytest.fixture
def command_line(tmp_path: Path, server: str) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Return a function that calls `securenet-obs` in the test's folder."""

    def call(
        *arguments: str | Path, environment: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "securenet_obs", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, SOCKET: server, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return call
