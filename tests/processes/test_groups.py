"""Process groups end completely, and a pid alone never identifies a process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from securenet_obs.processes import groups
from securenet_obs.processes.groups import end_groups, read_start_time
from tests.waiting import eventually

Living = Callable[[int], list[str]]


def kill_unreaped(process: subprocess.Popen[str]) -> None:
    """Kill a process and wait for its end, without reaping it."""
    process.kill()
    command = ["ps", "-o", "state=", "-p", str(process.pid)]
    while not subprocess.run(command, capture_output=True).stdout.startswith(b"Z"):
        time.sleep(0.01)


@pytest.fixture
def family(living: Living) -> Iterator[subprocess.Popen[str]]:
    """Yield the leader of a group in which a child ignores SIGTERM."""
    script = "(trap '' TERM; echo up; while :; do sleep 1; done) & exec sleep 60"
    with subprocess.Popen(
        ["/bin/sh", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as leader:
        assert leader.stdout is not None
        assert leader.stdout.readline() == "up\n"
        yield leader
        if living(leader.pid):
            os.killpg(leader.pid, 9)


def test_start_time_identifies_a_process(family: subprocess.Popen[str]) -> None:
    """It is constant, differs between processes, and None for an ended process."""
    own_start_time = read_start_time(os.getpid())
    assert own_start_time is not None
    assert own_start_time == read_start_time(os.getpid())
    assert own_start_time != read_start_time(family.pid)
    kill_unreaped(family)
    assert read_start_time(family.pid) is None


def test_start_time_is_read_without_proc(
    family: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without /proc, `ps` has the same result for living and ended processes."""
    monkeypatch.setattr(groups, "_BOOT_ID", Path("/nonexistent"))
    assert read_start_time(family.pid) == read_start_time(family.pid) is not None
    kill_unreaped(family)
    assert read_start_time(family.pid) is None


def test_group_ends_with_children_that_ignore_sigterm(
    family: subprocess.Popen[str], remaining: Living
) -> None:
    """Ending a group leaves no process, even if a child ignores SIGTERM."""
    end_groups({family.pid: read_start_time(family.pid)}, grace_s=0.3)
    family.wait(30)
    assert remaining(family.pid) == []


def test_group_without_a_leader_ends(
    family: subprocess.Popen[str], living: Living, remaining: Living
) -> None:
    """The children of a crashed leader are ended too."""
    started = read_start_time(family.pid)
    kill_unreaped(family)
    assert living(family.pid)
    end_groups({family.pid: started}, grace_s=0.3)
    assert remaining(family.pid) == []


def test_reused_pid_is_left_alone(family: subprocess.Popen[str], living: Living) -> None:
    """A process with another start time than recorded is not ours."""
    end_groups({family.pid: "another time"}, grace_s=0.1)
    assert family.poll() is None
    assert len(living(family.pid)) >= 2


def ignores(pid: int, *numbers: signal.Signals) -> bool:
    """Return whether a process ignores signals."""
    command = ["ps", "-o", "ignored=", "-p", str(pid)]
    mask = int(subprocess.run(command, capture_output=True, check=True).stdout, 16)
    return all(mask >> number - 1 & 1 for number in numbers)


def test_guard_ignores_signals(tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM of a terminal do not end the guard early."""
    folder = tmp_path / "ephemeral"
    folder.mkdir()
    with (
        subprocess.Popen(["sleep", "60"], start_new_session=True) as part,
        subprocess.Popen(
            [sys.executable, "-I", groups.__file__, str(os.getpid())],
            stdin=subprocess.PIPE,
            text=True,
        ) as guard,
    ):
        assert guard.stdin is not None
        print(f"+{part.pid}", f"remove {folder}", sep="\n", file=guard.stdin, flush=True)
        assert eventually(lambda: ignores(guard.pid, signal.SIGINT, signal.SIGTERM), 60)
        guard.send_signal(signal.SIGINT)
        guard.send_signal(signal.SIGTERM)
        guard.stdin.close()
        assert guard.wait(30) == 0
        assert part.wait(30) == -signal.SIGTERM
    assert not folder.exists()
