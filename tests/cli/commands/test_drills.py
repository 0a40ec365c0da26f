"""Drills from the command line."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from securenet_obs import drills
from securenet_obs.cli import cli
from securenet_obs.cli.commands.drills import validation_runner
from securenet_obs.drills import DrillResult

PROJECT = Path(__file__).parents[3]


@pytest.mark.stack
def test_a_signal_ends_the_command_and_not_one_validation_alone(write: Callable[..., Path]) -> None:
    """It had gone on for minutes, and found that nothing broke."""
    path = write(f"import os, signal, time\nos.kill({os.getpid()}, signal.SIGTERM)\ntime.sleep(60)")
    with validation_runner(path.parents[1]) as run, pytest.raises(KeyboardInterrupt):
        run(path.stem, [], {})


@pytest.mark.slow
@pytest.mark.stack
def test_a_drill_lives_in_its_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A notebook runs a drill in a folder of its own, without Bugsink, removed with the run."""
    given: list[Any] = []

    def run_drill(name: str, *, root: Path, **_: Any) -> DrillResult:
        given.append(root)
        return DrillResult(name, skipped="not here")

    monkeypatch.setattr(drills, "run_drill", run_drill)
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(cli, ["drill", "redis-down", "--root", str(PROJECT)])
    assert answer.exit_code == 0, answer.output
    assert given == [PROJECT / ".securenet"]
