"""Drills from the command line."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from securenet_obs import drills
from securenet_obs.cli import cli
from securenet_obs.drills import DrillResult

PROJECT = Path(__file__).parents[3]


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
