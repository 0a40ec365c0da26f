"""A stack is seen, told about and taken down by other processes, and a crashed one is cleared."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from securenet_obs.errors import StackError
from securenet_obs.processes.groups import read_start_time
from securenet_obs.stack import (
    LocalStack,
    find_running_stack,
    find_running_stacks,
    read_status,
    take_down,
)
from securenet_obs.stack.state import (
    PartState,
    PartStatus,
    ProcessState,
    StackState,
    format_stack_command,
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

if sys.argv[2] == "deaf":
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
    """Write down a stack with one part whose owner is gone, and return its folder."""
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


def test_what_is_written_is_read(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    """A state comes back as it was, from a file that its user alone can read."""
    folder = crashed(tmp_path, part_of(sleeper), ephemeral=False)
    path = folder / "stack.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    state = read_state(folder)
    assert state is not None
    write_state(folder, state)
    assert read_state(folder) == state
    assert [file.name for file in folder.iterdir()] == ["stack.json"]


@pytest.mark.parametrize("ephemeral", [True, False])
def test_what_a_crashed_owner_left_is_cleared(
    tmp_path: Path, sleeper: subprocess.Popen[bytes], ephemeral: bool
) -> None:
    """A stack without an owner is not running: its parts are ended and its state goes."""
    folder = crashed(tmp_path, part_of(sleeper), ephemeral=ephemeral)
    assert find_running_stack("sample", tmp_path) is None
    assert sleeper.wait(30) == -signal.SIGTERM
    assert folder.exists() is not ephemeral
    assert read_state(folder) is None


def test_a_recycled_number_is_never_killed(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    """A process that has the number of a part of old, but not its start time, lives on."""
    another = replace(part_of(sleeper), start_time="long ago")
    assert part_of(sleeper).is_running()
    assert not another.is_running()
    crashed(tmp_path, another, ephemeral=False)
    assert find_running_stack("sample", tmp_path) is None
    assert sleeper.poll() is None


def test_a_state_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    """A file that cannot be understood is an error that says which, and what to do."""
    folder = locate_stack_folder("sample", tmp_path)
    folder.mkdir(parents=True)
    (folder / "stack.json").write_text('{"name": "sample"}')
    with pytest.raises(StackError, match=r"stack\.json cannot be parsed .*; remove "):
        read_state(folder)


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "x" * 51, "-x"])
def test_a_name_is_a_folders(tmp_path: Path, name: str) -> None:
    """A name that could lead out of the folder of stacks is refused."""
    with pytest.raises(StackError, match="is not a valid stack name"):
        locate_stack_folder(name, tmp_path)


def test_nothing_is_running_where_nothing_is(tmp_path: Path) -> None:
    """Without a stack every question has an empty answer, and nothing is created."""
    assert find_running_stack("sample", tmp_path) is None
    assert find_running_stacks(tmp_path) == []
    assert read_status("sample", tmp_path) == []
    assert take_down("sample", tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("hearing", ["hears", "deaf"])
def test_down_ends_the_owner(tmp_path: Path, hearing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Down asks the owner to end and waits for it; one that does not hear is killed."""
    monkeypatch.setattr("securenet_obs.stack.state.DOWN_S", 1.0)
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), hearing], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "owned\n"
        state = take_down("sample", tmp_path)
        assert state is not None
        assert state.owner.pid == owner.pid
        expected = signal.SIGTERM if hearing == "hears" else signal.SIGKILL
        assert owner.wait(30) == -expected
    assert find_running_stack("sample", tmp_path) is None


def test_a_running_stack_is_seen(stack: LocalStack) -> None:
    """Another process reads the environment, the dashboard and how each part is."""
    root = stack.folder.parents[1]
    command = (
        "import json, sys; from pathlib import Path; from securenet_obs.stack import *; "
        "root = Path(sys.argv[1]); state = find_running_stack('tests', root); "
        "rows = read_status('tests', root); "
        "rows = [(r.part, r.pid, r.running, r.ready, r.uptime_s > 0) for r in rows]; "
        "print(json.dumps([state.environment, state.dashboard, rows]))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", command, str(root)], capture_output=True, text=True, check=True
    )
    environment, dashboard, rows = json.loads(shown.stdout)
    assert environment == stack.environment
    assert tuple(dashboard) == stack.dashboard
    assert rows == [[name, part.pid, True, True, True] for name, part in stack.parts.items()]
    assert stat.S_IMODE(stack.folder.stat().st_mode) == 0o700
    (only,) = find_running_stacks(root)
    assert only.owner.pid == os.getpid()


def test_a_stopped_part_is_seen(stack: LocalStack) -> None:
    """A part that is down is neither running nor ready, and the others are as they were."""
    stack.stop_part("beat")
    rows = {row.part: row for row in read_status("tests", stack.folder.parents[1])}
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
def test_a_person_reads_one_word_of_each_part(
    running: bool, ready: bool, uptime_s: float | None, state: str, since: str
) -> None:
    """Whether it is there, for how long, and where its log is from here."""
    log = str(Path.cwd() / "logs" / "api.log")
    part = PartStatus("api", 7, running, ready, "http://127.0.0.1:1", uptime_s, log)
    shown = part.to_row()
    assert (shown["state"], shown["for"], shown["log"]) == (state, since, "logs/api.log")


def test_a_command_for_a_stack_names_it_unless_it_is_the_default_one() -> None:
    """What a message asks the reader to type is about the stack that the message is about."""
    assert format_stack_command("down", "local") == "securenet-obs down"
    assert format_stack_command("down", "second") == "securenet-obs down --name second"
