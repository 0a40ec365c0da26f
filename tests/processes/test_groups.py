"""Process groups end as a whole, and a number alone never names a process."""

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

Living = Callable[[int], list[str]]


def kill_unreaped(process: subprocess.Popen[str]) -> None:
    """Kill a process and wait for its end, but leave its entry in the table of processes."""
    process.kill()
    shown = ["ps", "-o", "state=", "-p", str(process.pid)]
    while not subprocess.run(shown, capture_output=True).stdout.startswith(b"Z"):
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


def test_a_start_time_means_one_process(family: subprocess.Popen[str]) -> None:
    """A process keeps its start time, another has another, one that is gone has none."""
    mine = read_start_time(os.getpid())
    assert mine is not None
    assert mine == read_start_time(os.getpid())
    assert mine != read_start_time(family.pid)
    kill_unreaped(family)
    assert read_start_time(family.pid) is None


def test_a_start_time_can_be_had_without_proc(
    family: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no /proc, `ps` says the same of a living and of a dead process."""
    monkeypatch.setattr(groups, "_BOOT_ID", Path("/nonexistent"))
    assert read_start_time(family.pid) == read_start_time(family.pid) is not None
    kill_unreaped(family)
    assert read_start_time(family.pid) is None


def test_a_group_ends_with_the_children_that_ignore_it(
    family: subprocess.Popen[str], remaining: Living
) -> None:
    """Ending a group leaves nobody, also not a child that ignores SIGTERM."""
    end_groups({family.pid: read_start_time(family.pid)}, grace_s=0.3)
    family.wait(30)
    assert remaining(family.pid) == []


def test_a_group_ends_whose_leader_is_gone(
    family: subprocess.Popen[str], living: Living, remaining: Living
) -> None:
    """The children of a leader that crashed are ended too."""
    started = read_start_time(family.pid)
    kill_unreaped(family)
    assert living(family.pid)
    end_groups({family.pid: started}, grace_s=0.3)
    assert remaining(family.pid) == []


def test_a_recycled_number_is_left_alone(family: subprocess.Popen[str], living: Living) -> None:
    """A process that was started at another time than recorded is somebody else's."""
    end_groups({family.pid: "another time"}, grace_s=0.1)
    assert family.poll() is None
    assert len(living(family.pid)) >= 2


def test_the_guard_is_deaf_to_signals(tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM, which a terminal sends to everybody, do not end the guard early."""
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
        # It has set itself up by then; there is no telling from outside.
        time.sleep(0.5)
        guard.send_signal(signal.SIGINT)
        guard.send_signal(signal.SIGTERM)
        guard.stdin.close()
        assert guard.wait(30) == 0
        assert part.wait(30) == -signal.SIGTERM
    assert not folder.exists()
