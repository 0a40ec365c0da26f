"""Detached stacks: the supervisor is the command itself."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest

from securenet_obs.processes.locks import file_lock
from securenet_obs.stack.part import START_S
from securenet_obs.stack.state import locate_lock_file, locate_stack_folder, read_state
from tests.busy import room_for
from tests.waiting import eventually

PROJECT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "securenet_obs"]


@pytest.fixture
def project(tmp_path: Path, stack_cache: Path) -> Iterator[Path]:
    """Yield a folder for a stack that shares the Bugsink installation; it is removed later."""
    (local := tmp_path / ".securenet").mkdir()
    (tmp_path / "notebooks").symlink_to(PROJECT / "notebooks")
    for home in stack_cache.glob("bugsink-*"):
        (local / home.name).symlink_to(home)
    yield tmp_path
    call(tmp_path, "down")
    assert eventually(lambda: not processes_of(tmp_path))


def call(project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *arguments], cwd=project, capture_output=True, text=True, timeout=120
    )


def processes_of(project: Path) -> list[str]:
    """Return the command lines of processes that use a folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(project) in f"{line} {process.info['cwd']}":
            found.append(line)
    return found


@pytest.mark.slow
def test_readme_example_runs_unchanged(project: Path) -> None:
    """It starts a stack, runs a notebook, and leaves no process."""
    readme = (PROJECT / "README.md").read_text()
    (lines,) = re.findall(r"```\n(securenet-obs up[^`]*papermill [^`]*)```", readme)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(
        ["sh", "-e", "-c", lines], cwd=project, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    executed = nbformat.read(project / "out.ipynb", 4)
    assert "passed" in str(executed.cells[-1])
    assert "is down" in done.stdout
    assert eventually(lambda: not processes_of(project))


@pytest.mark.slow
def test_detached_stack_ends_with_its_supervisor(project: Path) -> None:
    """It outlives its terminal; when its supervisor is killed, every part ends."""
    waiting = subprocess.Popen(
        [*COMMAND, "env", "--wait", "300"], cwd=project, stdout=subprocess.PIPE, text=True
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project)
        os.execv(COMMAND[0], [*COMMAND, "up", "--detach", "--validation-worker"])
    output = b""
    while b"login" not in output:
        output += os.read(terminal, 4096)
    os.close(terminal)
    os.waitpid(pid, 0)
    assert "export SENTRY_DSN=" in waiting.communicate(timeout=240)[0]
    status = call(project, "status")
    assert status.returncode == 0
    assert "worker-validation" in status.stdout
    restarted = call(project, "restart", "worker-validation")
    assert restarted.returncode == 0, restarted.stderr
    again = call(project, "up", "--detach")
    assert again.returncode == 3
    assert "is already running" in again.stderr
    state = read_state(locate_stack_folder("local", project / ".securenet"))
    assert state is not None
    assert os.getsid(state.owner.pid) == state.owner.pid
    os.kill(state.owner.pid, signal.SIGKILL)
    assert eventually(lambda: not processes_of(project), within_s=60)


def as_in_a_terminal() -> None:
    """Restore the default signal handlers, which background tests do not have."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def starting(project: Path) -> tuple["subprocess.Popen[str]", psutil.Process]:
    """Start a detached stack; return the waiting command and the supervisor."""
    waiting = subprocess.Popen(
        [*COMMAND, "up", "--detach"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=as_in_a_terminal,
    )

    def supervisors() -> list[psutil.Process]:
        children = psutil.Process(waiting.pid).children()
        return [child for child in children if len(child.children()) > 1]

    (supervisor,) = eventually(supervisors, 60)
    return waiting, supervisor


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGHUP, -1)])
def test_interrupted_start_leaves_no_process(
    number: signal.Signals, code: int, project: Path
) -> None:
    """After Ctrl-C or the end of the terminal, the supervisor stops everything."""
    waiting, _ = starting(project)
    waiting.send_signal(number)
    assert waiting.wait(60) == code
    assert eventually(lambda: not processes_of(project), within_s=60)
    assert call(project, "status").returncode == 1


def test_killed_supervisor_is_reported(project: Path) -> None:
    """The command ends with the path of the log, and no part remains."""
    waiting, supervisor = starting(project)
    supervisor.kill()
    output, _ = waiting.communicate(timeout=240)
    assert waiting.returncode == 3
    assert "ended before the stack was ready" in output
    assert ".securenet/stacks/local.log" in output.replace("\n", "")
    assert eventually(lambda: not processes_of(project), within_s=60)


@pytest.mark.slow
def test_supervisor_without_a_caller_ends_at_once(
    project: Path,
) -> None:
    """A suspended Redis would otherwise delay the end by a minute."""
    waiting, supervisor = starting(project)

    def brokers() -> list[psutil.Process]:
        children = supervisor.children(recursive=True)
        return [one for one in children if re.search("redis|valkey", one.name())]

    assert eventually(brokers, within_s=120)
    brokers()[0].suspend()
    waiting.kill()
    waiting.wait(60)
    assert eventually(lambda: not processes_of(project), within_s=START_S - 10)


def test_failed_start_has_a_reason(project: Path) -> None:
    """The command has the supervisor's error and exit code."""
    with file_lock(locate_lock_file(locate_stack_folder("local", project / ".securenet"))):
        answer = call(project, "up", "--detach")
    assert answer.returncode == 3
    assert "'local' is already running" in answer.stderr


def test_unwritable_folder_is_one_sentence(project: Path) -> None:
    """If the log cannot be written, no stack starts, and no traceback is printed."""
    (project / ".securenet" / "stacks").write_text("a file")
    answer = call(project, "up", "--detach")
    (project / ".securenet" / "stacks").unlink()
    assert answer.returncode == 3
    assert "Traceback" not in answer.stderr


def test_env_wait_has_a_deadline(project: Path) -> None:
    """Without a stack `env --wait` ends in time, with the command that starts one."""
    began = time.monotonic()
    answer = call(project, "env", "--wait", "0.5")
    assert time.monotonic() - began < room_for(5)
    assert (answer.returncode, answer.stdout) == (3, "")
    assert "not running after 0.5 s" in answer.stderr
    assert "securenet-obs up --detach" in answer.stderr
    assert call(project, "env", "--wait", "soon").returncode == 2
