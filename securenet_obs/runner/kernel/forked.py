"""Client of the warm server: starts and ends it; requests and controls the processes it forks."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from securenet_obs.errors import SecureNetObsError
from securenet_obs.processes.polling import Deadline
from securenet_obs.processes.scratch import PREFIX, scratch_folder
from securenet_obs.runner.kernel.warm import SERVED, available, has_room, request_line

SOCKET = "SECURENET_OBS_WARM"
"""Variable with the socket path of a server that is already running."""

ANSWER_TIMEOUT_S = 10.0
"""Seconds to wait for a server's answer; it forks ahead and answers in hundredths of a second."""


class ForkedProcess:
    """A process that a warm server forked; it ends when this object's connection closes.

    Args:
        server: the server's socket, or a folder with the socket of a server for each module.
        module: one of `SERVED`.
        arguments: arguments of the module's `main`.
        environment: all environment variables of the process.
        folder: working folder of the process.
        streams: descriptors for its standard input, output and error.

    Raises:
        SecureNetObsError: the server does not answer.
    """

    # jupyter_client reads these attributes of a Popen.
    stdin = stdout = stderr = None

    def __init__(
        self,
        server: str,
        module: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path | str,
        streams: Sequence[int],
    ) -> None:
        assert module in SERVED
        self._connection = socket.socket(socket.AF_UNIX)
        self._unread = b""
        self.returncode: int | None = None
        self._connection.settimeout(ANSWER_TIMEOUT_S)
        address = Path(server) / module if Path(server).is_dir() else Path(server)
        line = request_line(module, list(arguments), dict(environment), folder)
        try:
            if address.parent == Path(server):
                _wait_for(address)
            self._connection.connect(str(address))
            sent = socket.send_fds(self._connection, [line], list(streams))
            self._connection.sendall(line[sent:])
            self.pid = int(self._answer()["pid"])
        except (OSError, EOFError, ValueError) as error:
            self._connection.close()
            raise SecureNetObsError(f"The warm server at {server} does not answer.") from error
        self._connection.settimeout(None)

    def _answer(self) -> dict[str, int]:
        """Return the server's next line.

        Raises:
            EOFError: the connection ended, because the attendant was killed.
        """
        while b"\n" not in self._unread:
            data = self._connection.recv(4096)
            if not data:
                raise EOFError
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return dict(json.loads(line))

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal; None while the process runs."""
        if self.returncode is None and (self._unread or self._readable(0)):
            try:
                self.returncode = int(self._answer()["status"])
            except (EOFError, OSError):
                self.returncode = -signal.SIGKILL
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the process to end.

        Raises:
            TimeoutExpired: the process did not end in `timeout` seconds.
        """
        if not self.has_ended(timeout):
            raise subprocess.TimeoutExpired("forked", timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def has_ended(self, timeout: float | None) -> bool:
        """Wait for the process to end; return whether it ended in `timeout` seconds."""
        if self.returncode is None and self._readable(timeout):
            self.poll()
        return self.returncode is not None

    def _readable(self, timeout: float | None) -> bool:
        return bool(select.select([self._connection], [], [], timeout)[0])

    def send_signal(self, number: int) -> None:
        """Send a signal to the process if it is running."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Close the connection; the server then kills the process and its descendants."""
        self._connection.close()


def _wait_for(address: Path) -> None:
    """Wait until a starting server has bound its socket.

    Raises:
        FileNotFoundError: it has not in time.
    """
    deadline = Deadline.after(ANSWER_TIMEOUT_S)
    while not address.exists():
        if deadline.has_passed:
            raise FileNotFoundError(address)
        time.sleep(0.005)


class StartingServer:
    """A started server, which may still be importing."""

    def __init__(self, process: "subprocess.Popen[bytes]", path: Path) -> None:
        self._process = process
        self._path = path
        self._ready = False

    def has_ended(self) -> bool:
        """Return whether the server's process has ended."""
        return self._process.poll() is not None

    def __call__(self) -> str:
        """Wait until the server is ready, and return its socket.

        Raises:
            SecureNetObsError: the server ended before it was ready.
        """
        assert self._process.stdout is not None
        if not self._ready and self._process.stdout.readline() != b"ready\n":
            raise SecureNetObsError("The warm server did not start; use --cold.")
        self._ready = True
        return str(self._path)


@contextmanager
def warm_server(*, wanted: bool = True, start: bool = True) -> Iterator[Callable[[], str]]:
    """Yield a function that waits for a warm server and returns its socket, or an empty string.

    The environment may name a running server; otherwise one is started, and ends with the block.

    Args:
        wanted: whether to use a server at all.
        start: whether to start one; starting takes longer than the one cold run that it would save.
    """
    named = os.environ.get(SOCKET)
    can_start = start and has_room(f"{PREFIX}warm-12345678", "socket")
    if not wanted or not available() or not (named or can_start):
        yield str
    elif named:
        yield lambda: named
    else:
        with started_server() as server:
            yield server


@contextmanager
def started_server() -> Iterator[StartingServer]:
    """Start a server and yield it at once; it ends with the block."""
    with scratch_folder("warm-") as folder, _server_in(folder) as server:
        yield server


@contextmanager
def _server_in(folder: Path) -> Iterator[StartingServer]:
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", "securenet_obs.runner.kernel.warm", str(folder / "socket")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield StartingServer(process, folder / "socket")
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
