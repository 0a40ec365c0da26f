"""The game day ends a worker once, and is passed by the runbook's action alone."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from securenet_obs.errors import StackError
from securenet_obs.oncall.history import History
from securenet_obs.oncall.identity import describe_target
from securenet_obs.processes.groups import read_start_time
from securenet_obs.processes.locks import file_lock
from securenet_obs.settings import Settings
from securenet_obs.stack.state import (
    PartState,
    ProcessState,
    StackState,
    locate_lock_file,
    locate_stack_folder,
    write_state,
)
from securenet_obs.walkthrough import GameDay


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the folder of a stack that this process owns."""
    monkeypatch.setenv("SECURENET_OBS_EVIDENCE_ROOT", str(tmp_path))
    folder = locate_stack_folder("local", tmp_path)
    folder.mkdir(parents=True)
    with file_lock(locate_lock_file(folder)):
        yield folder


def run_worker(folder: Path) -> "subprocess.Popen[bytes]":
    """Start a process, and write it into the state as the stack's worker."""
    process = subprocess.Popen(["sleep", "60"])
    owner = ProcessState(os.getpid(), read_start_time(os.getpid()))
    worker = PartState(process.pid, read_start_time(process.pid), 0.0, "", "")
    dashboard = ("http://127.0.0.1", "a", "b")
    variables = {"API_URL": "http://api"}
    write_state(folder, StackState("local", owner, False, variables, dashboard, {"worker": worker}))
    return process


def test_the_worker_is_back_only_by_the_runbook(folder: Path, tmp_path: Path) -> None:
    """A worker that is restarted by hand is running, and no step of the runbook was taken."""
    environment = {"LOG_SOURCE": str(folder / "logs"), "API_URL": "http://api"}
    settings = Settings()
    day = GameDay(settings, environment)
    with run_worker(folder) as process:
        day.begin(wanted=True)
        assert process.wait(30) == -9
    assert day.has_begun
    assert day.observe() == (
        False,
        "the worker does not run; no confirmed action of worker_is_gone",
    )
    with run_worker(folder) as restarted:
        day.begin(wanted=True)
        assert restarted.poll() is None
        assert day.observe()[0] is False
        entry = {"runbook": "worker_is_gone", "who": "ann", "does": "restart it"}
        target = describe_target(settings)
        History(tmp_path).append("after", outcome="failed", target=target, **entry)
        assert day.observe()[0] is False
        History(tmp_path).append("after", outcome="done", target=target, **entry)
        assert day.observe() == (True, "the worker runs again; restart it")
        restarted.kill()


def test_another_target_has_no_game_day(folder: Path) -> None:
    """Nothing is ended on a target that is not a local stack."""
    with pytest.raises(StackError, match="no game day"):
        GameDay(Settings(), {"API_URL": "https://api.example"}).begin(wanted=True)
