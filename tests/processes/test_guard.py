"""The guard ends the remaining processes of its parent, however the parent ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.processes.guard import Guard
from tests.waiting import eventually

Living = Callable[[int], list[str]]

PARENT = """
import os, subprocess, sys, time
from pathlib import Path
from securenet_obs.processes.guard import Guard

folder = Path(sys.argv[1])
folder.mkdir()
guard = Guard()
guard.remove_at_end(folder)
child = guard.launch(
    "part", ["/bin/sh", "-c", "sleep 300 & exec sleep 300"],
    folder=Path("/"), environment=os.environ, output=sys.stderr.buffer,
)
while b"sleep" not in subprocess.run(
    ["ps", "-o", "args=", "-p", str(child.pid)], capture_output=True
).stdout:
    time.sleep(0.02)
print(child.pid, flush=True)
{end}
"""

ENDINGS = {
    "killed": "time.sleep(60)",
    "crashed": "raise RuntimeError('a crash')",
    "aborted": "os._exit(1)",
    "gone, but for a fork of it": "os.fork() or time.sleep(5); os._exit(0)",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_process_outlives_its_parent(ending: str, tmp_path: Path, living: Living) -> None:
    """A killed, crashed or aborted parent leaves no process and no ephemeral folder."""
    folder = tmp_path / "ephemeral"
    script = PARENT.format(end=ENDINGS[ending])
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        group = int(parent.stdout.readline())
        if ending == "killed":
            assert living(group)
            parent.kill()
    assert eventually(lambda: not living(group) and not folder.exists())


def sleeper(guard: Guard, log: Path) -> subprocess.Popen[bytes]:
    """Launch a process that sleeps."""
    with log.open("wb") as output:
        return guard.launch(
            "part", ["sleep", "300"], folder=log.parent, environment=os.environ, output=output
        )


def test_part_is_registered_before_its_program_runs(tmp_path: Path) -> None:
    """A parent that dies directly after the fork leaves no orphan."""
    guard = Guard()
    part = sleeper(guard, tmp_path / "log")
    guard.close()
    assert part.wait(30) == -signal.SIGTERM


def test_deregistered_process_is_left_alone(tmp_path: Path, living: Living) -> None:
    """The guard does not end a deregistered pid, which may be reused."""
    with Guard() as guard:
        part = sleeper(guard, tmp_path / "log")
        assert eventually(lambda: living(part.pid) == ["sleep 300"])
        guard.deregister(part.pid)
    assert part.poll() is None
    part.kill()
    part.wait()


def test_kept_folder_is_not_removed(tmp_path: Path) -> None:
    """The guard leaves a folder after `cancel_removal`."""
    with Guard() as guard:
        guard.remove_at_end(tmp_path)
        guard.cancel_removal()
    assert tmp_path.exists()


def test_command_runs_to_its_end(tmp_path: Path) -> None:
    """The output goes to the log, and the exit code is returned."""
    log = tmp_path / "log"
    with Guard() as guard:
        code = guard.run(
            ["/bin/sh", "-c", 'echo "$SHOWN"; exit 7'],
            folder=tmp_path,
            environment={"SHOWN": "hello"},
            log=log,
        )
    assert (code, log.read_text()) == (7, "hello\n")


def test_killed_guard_does_not_stop_its_parent(living: Living) -> None:
    """The parent continues after the guard is killed."""
    with Guard() as guard:
        os.kill(guard.pid, signal.SIGKILL)
        assert eventually(lambda: not living(guard.pid))
        guard.deregister(1)
