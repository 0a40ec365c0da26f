"""A stack in the background, from the command line: its supervisor is the command itself."""

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
    """Yield a folder for a stack that shares the installation of Bugsink; nothing stays of it."""
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
    """Return the command lines of what runs in a folder or was told of it."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(project) in f"{line} {process.info['cwd']}":
            found.append(line)
    return found


def test_the_lines_of_the_readme_run_as_they_stand(project: Path) -> None:
    """Pasted into a shell they start a stack, run a notebook against it, and leave nothing."""
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


def test_a_detached_stack_outlives_its_terminal_and_not_its_supervisor(project: Path) -> None:
    """The terminal's end changes nothing; when the supervisor is killed, every part is ended."""
    waiting = subprocess.Popen(
        [*COMMAND, "env", "--wait", "90"], cwd=project, stdout=subprocess.PIPE, text=True
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project)
        os.execv(COMMAND[0], [*COMMAND, "up", "--detach"])
    shown = b""
    while b"login" not in shown:
        shown += os.read(terminal, 4096)
    os.close(terminal)
    os.waitpid(pid, 0)
    assert "export SENTRY_DSN=" in waiting.communicate(timeout=60)[0]
    assert call(project, "status").returncode == 0
    again = call(project, "up", "--detach")
    assert again.returncode == 3
    assert "is already running" in again.stderr
    state = read_state(locate_stack_folder("local", project / ".securenet"))
    assert state is not None
    assert os.getsid(state.owner.pid) == state.owner.pid
    os.kill(state.owner.pid, signal.SIGKILL)
    assert eventually(lambda: not processes_of(project), within_s=20)


def as_in_a_terminal() -> None:
    """Let the signals of a terminal end this process: tests in the background inherit none."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def starting(project: Path) -> tuple["subprocess.Popen[str]", psutil.Process]:
    """Start a detached stack, and return the waiting command and the supervisor, parts begun."""
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


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGHUP, -1)])
def test_a_wait_that_ends_leaves_nothing(number: signal.Signals, code: int, project: Path) -> None:
    """Ctrl-C, and the terminal's end, while it starts: the supervisor takes everything down."""
    waiting, _ = starting(project)
    waiting.send_signal(number)
    assert waiting.wait(60) == code
    assert eventually(lambda: not processes_of(project), within_s=60)
    assert call(project, "status").returncode == 1


def test_a_supervisor_that_is_killed_is_told_of(project: Path) -> None:
    """The command ends with the place of the log, and no part stays."""
    waiting, supervisor = starting(project)
    supervisor.kill()
    output, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 3
    assert "ended before the stack was ready" in output
    assert ".securenet/stacks/local.log" in output.replace("\n", "")
    assert eventually(lambda: not processes_of(project), within_s=20)


def test_a_supervisor_whose_caller_was_killed_does_not_wait_for_a_broker_that_hangs(
    project: Path,
) -> None:
    """The part is stopped, not ended: its readiness would be waited for a minute."""
    waiting, supervisor = starting(project)

    def brokers() -> list[psutil.Process]:
        children = supervisor.children(recursive=True)
        return [one for one in children if re.search("redis|valkey", one.name())]

    assert eventually(brokers, within_s=120)
    brokers()[0].suspend()
    waiting.kill()
    waiting.wait(60)
    assert eventually(lambda: not processes_of(project), within_s=START_S - 10)


def test_a_start_that_fails_gives_the_reason(project: Path) -> None:
    """The supervisor's error is the command's, with its exit code."""
    with file_lock(locate_lock_file(locate_stack_folder("local", project / ".securenet"))):
        answer = call(project, "up", "--detach")
    assert answer.returncode == 3
    assert "'local' is already running" in answer.stderr


def test_a_folder_that_cannot_be_written_is_one_sentence(project: Path) -> None:
    """Where the log cannot be, there is no stack and no traceback."""
    (project / ".securenet" / "stacks").write_text("a file")
    answer = call(project, "up", "--detach")
    (project / ".securenet" / "stacks").unlink()
    assert answer.returncode == 3
    assert "Traceback" not in answer.stderr


def test_a_wait_has_a_bound(project: Path) -> None:
    """Without a stack `env --wait` ends in time, and names the command that starts one."""
    began = time.monotonic()
    answer = call(project, "env", "--wait", "0.5")
    assert time.monotonic() - began < room_for(15)
    assert (answer.returncode, answer.stdout) == (3, "")
    assert "not running after 0.5 s" in answer.stderr
    assert "securenet-obs up --detach" in answer.stderr
    assert call(project, "env", "--wait", "soon").returncode == 2
