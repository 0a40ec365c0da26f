"""Fixtures of the reports' tests: an evidence folder that commands are written into."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.reports.runs import ReportedRun, read_runs
from tests.benchmarks.made_evidence import START, make_manifest, make_row, write_command

CHECKS = [
    {"name": "it arrives", "outcome": "passed", "expected": "3", "observed": "3", "reason": ""},
    {
        "name": "it is fast", "outcome": "passed", "expected": "at most 5 s",
        "observed": "0.25 s", "reason": "",
    },
]  # fmt: skip


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """Return an evidence folder, which is empty."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    return folder


@pytest.fixture
def add(evidence: Path) -> Callable[..., str]:
    """Return a function that writes a command with one run of a notebook, an hour after the last.

    `manifest` changes the command's facts, other arguments the run; the name is returned.
    """
    made: list[str] = []

    def write(notebook: str = "01_a_claim", manifest: Any = None, **changed: Any) -> str:
        started = START + timedelta(hours=len(made))
        name = f"{started:%Y%m%dT%H%M%SZ}-{len(made):08x}"
        write_command(evidence, name, [make_row(notebook, CHECKS, started, **changed)], manifest)
        made.append(name)
        return name

    return write


def make_run(number: int = 0, manifest: Any = None, **changed: Any) -> ReportedRun:
    """Return a run that started `number` hours after the first."""
    notebook = changed.pop("notebook", "01_a_claim")
    row = make_row(notebook, CHECKS, START + timedelta(hours=number), **changed)
    ((run, _),) = read_runs(f"command-{number}", make_manifest("c", [row], manifest))
    return run
