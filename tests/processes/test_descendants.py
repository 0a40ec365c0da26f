"""Killing processes: daemons and processes without an environment are found, others are not."""

import subprocess
import sys
from collections.abc import Callable
from uuid import uuid4

import psutil
import pytest

from securenet_obs.processes.descendants import MARK, kill_marked, kill_tree

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs a subreaper")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@linux
def test_daemon_without_an_environment_is_killed() -> None:
    """With adopted orphans, `kill_descendants` leaves no process."""
    seconds = str(uuid4().int % 10**9 + 10**6)
    code = (
        "import subprocess, time\n"
        "from securenet_obs.processes.descendants import *\n"
        "from securenet_obs.processes.descendants import has_children\n"
        "adopt_orphans()\n"
        f"subprocess.run('env -i setsid sleep {seconds} &', shell=True)\n"
        "time.sleep(0.2); print(has_children()); kill_descendants(); print(has_children())"
    )
    assert python(code).split() == ["True", "False"]
    assert not [row for row in psutil.process_iter(["cmdline"]) if seconds in str(row.info)]


@linux
def test_process_dies_with_its_killed_parent() -> None:
    """SIGKILL of the parent ends the child."""
    code = (
        "import os, time\nfrom securenet_obs.processes.descendants import die_with_parent\n"
        "pid = os.fork()\n"
        "if pid == 0:\n    die_with_parent(); os.write(1, b'%d' % os.getpid()); time.sleep(60)\n"
        "time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.read1(20)))
    parent.kill()
    parent.communicate()
    assert psutil.wait_procs([child], timeout=120)[1] == []


@pytest.fixture
def sleep() -> "Callable[..., subprocess.Popen[bytes]]":
    """Return a function that starts a sleeping process with these variables."""

    def start(**variables: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(["sleep", "60"], env=variables, start_new_session=True)

    return start


def test_only_processes_of_the_run_are_killed(
    sleep: "Callable[..., subprocess.Popen[bytes]]",
) -> None:
    """Processes with the mark of another run, or without a mark, survive."""
    ours, other = sleep(**{MARK: "f/run-1"}), sleep(**{MARK: "f/run-11"})
    kill_marked("f/run-1")
    assert not psutil.pid_exists(ours.pid)
    assert other.poll() is None
    kill_tree(other.pid)
    assert other.wait(30) == -9
