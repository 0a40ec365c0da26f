"""Command `gameday`: reads commands from standard input, prints the summary, ends with its code."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from securenet_obs.cli import cli
from securenet_obs.drills import gameday
from securenet_obs.drills.incidents import INCIDENTS, Incident
from securenet_obs.drills.incidents.proving import RunbookRun, RunbookRunner
from securenet_obs.stack import LocalStack

PROJECT = Path(__file__).parents[3]


@contextmanager
def harmless(_stack: LocalStack) -> Iterator[None]:
    yield


INCIDENT = Incident("secret", "worker_is_gone", "It is gone.", harmless, "is gone", alert="ALERT")


@pytest.fixture(autouse=True)
def no_real_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the stack start nothing, and the look find a healthy target."""

    @contextmanager
    def started(*_: Any, **__: Any) -> Iterator[LocalStack]:
        stack = LocalStack("t", tmp_path)
        stack.folder.mkdir(parents=True)
        stack._environment = {"REDIS_URL": "redis://:p@h:1/0"}
        yield stack

    monkeypatch.setattr("securenet_obs.stack.LocalStack", started)
    monkeypatch.setattr(gameday, "choose_incident", lambda _: INCIDENT)
    monkeypatch.setattr(RunbookRunner, "run", lambda *_: RunbookRun("passed", "", []))


def play(typed: str, *options: str) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of a game."""
    done = CliRunner().invoke(cli, ["gameday", "--root", str(PROJECT), *options], input=typed)
    return done.exit_code, done.stdout, done.stderr


def test_a_repair_ends_with_zero(tmp_path: Path) -> None:
    """The summary names the fault; the lines before do not."""
    code, shown, _ = play("done\n", "--seed", "7", "--evidence", str(tmp_path))
    before, _, after = shown.partition("The fault is being removed.")
    assert code == 0
    target = tmp_path / "stacks" / "t" / "target.env"
    assert f"securenet-obs run NAME --target {os.path.relpath(target)}" in before
    assert not target.exists()
    assert "ALERT" in before
    assert "secret" not in before
    assert "incident  secret" in after
    assert "outcome   repaired" in after


def test_giving_up_ends_with_one(tmp_path: Path) -> None:
    """`--json` prints the summary alone; the conversation is on standard error."""
    code, shown, said = play("hint\n", "--json", "--name", "mine", "--evidence", str(tmp_path))
    game = json.loads(shown)
    assert (code, game["outcome"], game["hints"]) == (1, "given up", 1)
    assert "securenet-obs run NAME --target " in said
    assert all(row.runbook in said for row in INCIDENTS.values() if row.parameters)
