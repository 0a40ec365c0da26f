"""Other processes can read and end a stack, and clear a crashed one."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import StackError
from securenet_obs.processes.groups import read_start_time
from securenet_obs.processes.locks import file_lock
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack import (
    LocalStack,
    find_running_stack,
    find_running_stacks,
    find_stack_of,
    read_status,
    take_down,
)
from securenet_obs.stack import state as state_module
from securenet_obs.stack.state import (
    PartState,
    PartStatus,
    ProcessState,
    StackState,
    format_stack_command,
    locate_lock_file,
    locate_stack_folder,
    read_state,
    write_state,
)

Living = Callable[[int], list[str]]

OWNER = """
import os, signal, sys, time
from pathlib import Path
from securenet_obs.processes.locks import file_lock
from securenet_obs.processes.groups import read_start_time
from securenet_obs.stack.state import *

if sys.argv[2] == "ignores":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
folder = locate_stack_folder("sample", Path(sys.argv[1]))
with file_lock(locate_lock_file(folder)):
    owner = ProcessState(os.getpid(), read_start_time(os.getpid()))
    write_state(folder, StackState("sample", owner, False, {}, ("", "", ""), {}))
    print("owned", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process in a group of its own."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        yield process
        process.kill()


def crashed(root: Path, part: PartState, *, ephemeral: bool) -> Path:
    """Write the state of a stack with one part and an ended owner; return its folder."""
    folder = locate_stack_folder("sample", root)
    folder.mkdir(parents=True)
    owner = ProcessState(2**22 - 1, "long ago")
    environment = {"REDIS_URL": "redis://:secret@127.0.0.1:9/0"}
    write_state(
        folder,
        StackState("sample", owner, ephemeral, environment, ("url", "e-mail", "pw"), {"api": part}),
    )
    return folder


def part_of(process: subprocess.Popen[bytes]) -> PartState:
    """Return the state of a part that is this process."""
    return PartState(process.pid, read_start_time(process.pid), 0.0, "nowhere", "log")


def test_written_state_is_read(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    """The state is unchanged, in a file that only its user can read."""
    folder = crashed(tmp_path, part_of(sleeper), ephemeral=False)
    path = folder / "stack.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    state = read_state(folder)
    assert state is not None
    write_state(folder, state)
    assert read_state(folder) == state
    assert [file.name for file in folder.iterdir()] == ["stack.json"]


@pytest.mark.parametrize("ephemeral", [True, False])
def test_stack_of_a_crashed_owner_is_cleared(
    tmp_path: Path, sleeper: subprocess.Popen[bytes], ephemeral: bool
) -> None:
    """A stack without an owner is not running: its parts are ended, its state removed."""
    folder = crashed(tmp_path, part_of(sleeper), ephemeral=ephemeral)
    assert find_running_stack("sample", tmp_path) is None
    assert sleeper.wait(30) == -signal.SIGTERM
    assert folder.exists() is not ephemeral
    assert read_state(folder) is None


def test_reused_pid_is_never_killed(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    """A process with the pid of an old part and another start time survives."""
    another = replace(part_of(sleeper), start_time="long ago")
    assert part_of(sleeper).is_running()
    assert not another.is_running()
    crashed(tmp_path, another, ephemeral=False)
    assert find_running_stack("sample", tmp_path) is None
    assert sleeper.poll() is None


def test_invalid_state_file_is_an_error(tmp_path: Path) -> None:
    """The error has the file and the remedy."""
    folder = locate_stack_folder("sample", tmp_path)
    folder.mkdir(parents=True)
    (folder / "stack.json").write_text('{"name": "sample"}')
    with pytest.raises(StackError, match=r"stack\.json cannot be parsed .*; remove "):
        read_state(folder)


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "x" * 51, "-x"])
def test_invalid_name_is_refused(tmp_path: Path, name: str) -> None:
    """A name that could leave the folder of the stacks is refused."""
    with pytest.raises(StackError, match="is not a valid stack name"):
        locate_stack_folder(name, tmp_path)


def test_missing_stack_is_not_running(tmp_path: Path) -> None:
    """Without a stack every function has an empty result and creates no file."""
    assert find_running_stack("sample", tmp_path) is None
    assert find_running_stacks(tmp_path) == []
    assert read_status("sample", tmp_path) == []
    assert take_down("sample", tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("on_sigterm", ["ends", "ignores"])
def test_take_down_ends_the_owner(
    tmp_path: Path, on_sigterm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It terminates the owner and waits; an owner that ignores SIGTERM is killed."""
    monkeypatch.setattr("securenet_obs.stack.state.DOWN_S", 1.0)
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), on_sigterm], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "owned\n"
        state = take_down("sample", tmp_path)
        assert state is not None
        assert state.owner.pid == owner.pid
        expected = signal.SIGTERM if on_sigterm == "ends" else signal.SIGKILL
        assert owner.wait(30) == -expected
    assert find_running_stack("sample", tmp_path) is None


def test_running_stack_is_found(stack: LocalStack) -> None:
    """Another process reads the environment, the dashboard and the status of each part."""
    root = stack.folder.parents[1]
    command = (
        "import json, sys; from pathlib import Path; from securenet_obs.stack import *; "
        "root = Path(sys.argv[1]); state = find_running_stack('tests', root); "
        "rows = read_status('tests', root); "
        "rows = [(r.part, r.pid, r.running, r.ready, r.uptime_s > 0) for r in rows]; "
        "print(json.dumps([state.environment, state.dashboard, rows]))"
    )

    def read() -> Any:
        result = subprocess.run(
            [sys.executable, "-c", command, str(root)], capture_output=True, text=True, check=True
        )
        return json.loads(result.stdout)

    # A part of a busy machine may answer one question too late.
    environment, dashboard, rows = poll_until(
        read, lambda found: all(map(all, found[2])), deadline_s=60
    )
    assert environment == stack.environment
    assert tuple(dashboard) == stack.dashboard
    assert rows == [[name, part.pid, True, True, True] for name, part in stack.parts.items()]
    assert stat.S_IMODE(stack.folder.stat().st_mode) == 0o700
    (only,) = find_running_stacks(root)
    assert only.owner.pid == os.getpid()


def test_stopped_part_is_detected(stack: LocalStack) -> None:
    """A stopped part is neither running nor ready, and the others are unchanged."""

    def read() -> dict[str, PartStatus]:
        return {row.part: row for row in read_status("tests", stack.folder.parents[1])}

    stack.stop_part("beat")
    # The API of a busy machine may answer one question too late.
    rows = poll_until(read, lambda found: found["api"].ready, deadline_s=60)
    stack.start_part("beat")
    assert (rows["beat"].running, rows["beat"].ready, rows["beat"].uptime_s) == (False, False, None)
    assert rows["api"].ready


@pytest.mark.parametrize(
    ("running", "ready", "uptime_s", "state", "since"),
    [
        (True, True, 61.4, "ready", "61 s"),
        (True, False, 2.0, "not ready", "2 s"),
        (False, False, None, "not running", ""),
    ],
)
def test_part_status_has_a_short_form(
    running: bool, ready: bool, uptime_s: float | None, state: str, since: str
) -> None:
    """The row has the state, the uptime and the relative path of the log."""
    log = str(Path.cwd() / "logs" / "api.log")
    part = PartStatus("api", 7, running, ready, "http://127.0.0.1:1", uptime_s, log)
    row = part.to_row()
    assert (row["state"], row["for"], row["log"]) == (state, since, "logs/api.log")


def test_command_names_any_stack_but_the_default() -> None:
    """Commands in messages refer to the stack of the message."""
    assert format_stack_command("down", "local") == "securenet-obs down"
    assert format_stack_command("down", "second") == "securenet-obs down --name second"


def test_a_stack_is_found_by_its_variables_from_any_folder(
    stack: LocalStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel works in another folder; variables of another target name no stack."""
    monkeypatch.chdir(tmp_path)
    state = find_stack_of(stack.environment)
    assert state is not None
    address, email, password = stack.dashboard
    assert state.describe_dashboard() == f"{address} (login {email}, password {password})"
    assert find_stack_of({**stack.environment, "API_URL": "http://other.example"}) is None
    assert find_stack_of({"LOG_SOURCE": str(tmp_path / "stacks" / "gone" / "logs")}) is None
    assert find_stack_of({}) is None


def test_a_part_that_answers_late_is_ready(
    tmp_path: Path, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question to a worker that has just started has 0.2 s, which a busy machine may exceed."""
    answers = iter([False, True])
    monkeypatch.setitem(state_module.READINESS_CHECKS, "api", lambda *_: next(answers))
    owner = ProcessState(os.getpid(), read_start_time(os.getpid()))
    folder = locate_stack_folder("sample", tmp_path)
    with file_lock(locate_lock_file(folder)):
        parts = {"api": part_of(sleeper)}
        write_state(folder, StackState("sample", owner, False, {}, ("", "", ""), parts))
        (row,) = read_status("sample", tmp_path)
    assert row.ready
