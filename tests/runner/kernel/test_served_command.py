"""A command in a process of a server that has stayed is as if it ran in its own."""

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbformat import v4

from securenet_obs.runner.kernel.staying import KEEP
from securenet_obs.runner.kernel.warm import available
from tests.waiting import eventually

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not available(), reason="warm servers are for Linux"),
]

CELLS = {
    "green": ["print(1)"],
    "red": ["1 / 0"],
    "slow": ["import os, time", "open('pid', 'w').write(str(os.getpid()))", "time.sleep(100)"],
}
VARYING = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}|\d+\.\d\b|\d+m\d+\.\d")
"""Ids of commands and durations in an output."""


def shown(output: str) -> str:
    """Return what a terminal shows once progress is over, without ids and durations."""
    return VARYING.sub("*", output.rpartition("\x1b[?25h")[2])


@dataclass
class Commands:
    """Runs notebooks by commands of their own, in one project."""

    folder: Path
    environment: dict[str, str]

    def arguments(self, *options: str) -> list[str]:
        """Return the command line of a run."""
        return [sys.executable, "-m", "securenet_obs", "run", "--plain", *options]

    def start(self, *options: str, keep: str = "1", **more: Any) -> "subprocess.Popen[str]":
        """Start a run; its output is piped."""
        return subprocess.Popen(
            self.arguments(*options),
            cwd=self.folder,
            env=self.environment | {KEEP: keep},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **more,
        )

    def run_in_terminal(self, *options: str, keep: str, keys: bytes = b"") -> tuple[int, str]:
        """Run in a terminal of 100 columns; press keys once a cell has run.

        Returns:
            The exit status and the output.
        """
        pid, terminal = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
            os.chdir(self.folder)
            os.execve(sys.executable, self.arguments(*options), self.environment | {KEEP: keep})
        output = b""
        while True:
            try:
                output += os.read(terminal, 4096)
            except OSError:  # the terminal is closed
                break
            if keys and self.kernel():
                os.write(terminal, keys)
                keys = b""
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), output.decode()

    def kernel(self) -> int:
        """Return the process of the kernel that has begun to wait; 0 before."""
        flag = self.folder / "pid"
        return int((flag.exists() and flag.read_text()) or 0)

    def opened(self) -> dict[str, Any]:
        """Return the first event of the latest command."""
        journal = self.folder / "evidence" / "latest" / "journal.jsonl"
        return dict(json.loads(journal.read_text().splitlines()[0]))

    def verdict(self) -> str:
        """Return the verdict of the latest command."""
        return str(json.loads((self.folder / "evidence/latest/run.json").read_text())["verdict"])


@pytest.fixture(scope="module")
def server() -> Iterator[Commands]:
    """Yield a project with a server that has stayed."""
    # The path of a Unix socket is short.
    folder = Path(tempfile.mkdtemp(prefix="sc-", dir="/tmp"))
    names = {name: text for name, text in os.environ.items() if "SECURENET_OBS" not in name}
    variables = {**names, "TMPDIR": str(folder), "TERM": "xterm-256color"}
    for name, cells in CELLS.items():
        document = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
        nbformat.write(document, folder / f"{name}.ipynb")
    commands = Commands(folder, variables)
    assert commands.start("green.ipynb").wait(120) == 0
    (alive,) = eventually(lambda: list(folder.rglob("*.alive")), 60)
    assert eventually(alive.with_suffix(".socket").exists, 60)
    yield commands
    os.kill(int(alive.read_text()), signal.SIGTERM)
    assert eventually(lambda: not alive.exists(), 60)
    shutil.rmtree(folder)


@pytest.fixture
def commands(server: Commands) -> Commands:
    """Return the project without the remains of another test."""
    (server.folder / "pid").unlink(missing_ok=True)
    return server


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["green.ipynb"], 0),
        (["red.ipynb"], 3),
        (["absent.ipynb"], 2),
        (["green.ipynb", "--deadline", "soon"], 2),
        (["green.ipynb", "--json"], 0),
    ],
    ids=["green", "red", "absent", "usage", "json"],
)
def test_a_terminal_shows_the_same(commands: Commands, options: list[str], status: int) -> None:
    """Colours, width, texts and exit status are those of a command in its own process."""
    own, served = (commands.run_in_terminal(*options, keep=keep) for keep in ("0", "1"))
    assert (own[0], served[0]) == (status, status)
    if "--json" not in options:
        assert shown(served[1]) == shown(own[1])
        return
    rows = [
        json.loads(text[text.index("{\r\n") : text.rindex("}") + 1]) for _, text in (own, served)
    ]
    assert rows[0].keys() == rows[1].keys()
    assert rows[0]["code"] == rows[1]["code"]


@pytest.mark.slow
def test_the_command_runs_in_a_process_of_the_server(commands: Commands) -> None:
    """It has the umask of its caller; with `--cold` it does not."""
    served = commands.start("green.ipynb", umask=0o027)
    assert served.wait(60) == 0
    assert commands.opened()["pid"] != served.pid
    assert (commands.folder / "evidence" / "latest").stat().st_mode & 0o777 == 0o750
    cold = commands.start("green.ipynb", "--cold")
    assert cold.wait(120) == 0
    assert commands.opened()["pid"] == cold.pid


def test_closed_streams_are_not_mistaken_for_other_files(commands: Commands) -> None:
    """A command without standard input and output runs in its own process."""
    line = 'exec 0<&- 1>&-; exec "$@"'
    done = subprocess.run(
        ["sh", "-c", line, "sh", *commands.arguments("green.ipynb")],
        cwd=commands.folder,
        env=commands.environment | {KEEP: "1"},
        check=False,
    )
    assert (done.returncode, commands.verdict()) == (0, "passed")


def test_a_target_may_be_a_descriptor_of_the_caller(commands: Commands) -> None:
    """`--target <(...)` keeps a decrypted file off the disk; a shell passes it as a descriptor."""
    reader, writer = os.pipe()
    with open(writer, "w") as target:
        target.write("REDIS_URL=redis://127.0.0.1:1/0\n")
    served = commands.start("green.ipynb", "--target", f"/dev/fd/{reader}", pass_fds=[reader])
    os.close(reader)
    assert (served.wait(120), commands.verdict()) == (0, "passed")


def test_ctrl_c_ends_the_run(commands: Commands) -> None:
    """The terminal sends it to the caller, which passes it on; the evidence is closed."""
    status, output = commands.run_in_terminal("slow.ipynb", "--cwd", ".", keep="1", keys=b"\x03")
    assert (status, commands.verdict()) == (130, "interrupted"), output


def test_sigterm_ends_the_run(commands: Commands) -> None:
    """As it does in a process of its own."""
    served = commands.start("slow.ipynb", "--cwd", ".")
    assert eventually(commands.kernel, 60)
    served.terminate()
    assert (served.wait(60), commands.verdict()) == (130, "interrupted")


def test_nothing_outlives_a_killed_caller(commands: Commands) -> None:
    """The command and its kernel end, and the next command closes the evidence."""
    served = commands.start("slow.ipynb", "--cwd", ".")
    kernel = eventually(commands.kernel, 60)
    command = commands.opened()["pid"]
    served.kill()
    for pid in (kernel, command):
        assert eventually(lambda pid=pid: not psutil.pid_exists(pid), 60)
    lost = (commands.folder / "evidence" / "latest").resolve()
    assert commands.start("green.ipynb").wait(60) == 0
    assert json.loads((lost / "run.json").read_text())["verdict"] == "interrupted"
