"""Runs Python programs in processes that are forked from one that has imported the libraries.

Most of the cost of a short program is the import of libraries: 0.7 s of CPU time for
`securenet_obs.monitoring`, 0.1 s of it for this project's own modules. A server imports the
libraries once, imports nothing of this project, starts no thread, and forks for each program. All
else is as in `subprocess.run([sys.executable, ...])`: arguments, environment, folder, streams,
`__main__`, and the exit handlers of an interpreter. `test_forked_python.py` runs
programs in both ways and compares.
"""

import builtins
import contextlib
import fcntl
import gc
import importlib
import json
import linecache
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import time
import types
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

LIBRARIES = (
    "celery.app",
    "click",
    "fastapi",
    "httpx",
    "orjson",
    "psutil",
    "pydantic_settings",
    "redis",
    "rich.markup",
    "rich.table",
    "sentry_sdk.integrations.celery",
    "sentry_sdk.integrations.fastapi",
    "sentry_sdk.integrations.redis",
    "sentry_sdk.integrations.sqlalchemy",
    "sqlalchemy.orm",
    "structlog",
)
"""Libraries of this project's modules that take long to import."""

PATH = "PYTHONPATH"
"""The variable with folders of modules."""

LONGEST_END_S = 30
"""Seconds for the server to end, which takes it milliseconds."""

PIPE_BYTES = 1 << 20
"""Bytes that a pipe keeps, the most that Linux allows each user."""

_NUMBER = struct.Struct("q")
"""Format of a server's answers: the process id first, then its exit status."""


class ForkedProcess:
    """A program that was started, with the methods of `subprocess.Popen` that tests use."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        self.pid = _answer(answers)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status.

        Raises:
            TimeoutExpired: it runs after this number of seconds.
        """
        if self.returncode is None:
            if not select.select([self._answers], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = _answer(self._answers)
            self._answers.close()
        return self.returncode

    def terminate(self) -> None:
        """Send SIGTERM, unless it has ended."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, unless it has ended."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class ForkedPython:
    """Runs programs one at a time, or starts them beside others.

    Its server starts with the first program and ends with `close`.
    """

    def __init__(self) -> None:
        self._server: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started: list[tuple[ForkedProcess, Sequence[str]]] = []

    def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: str | os.PathLike[str] = ".",
        env: Mapping[str, str],
        timeout: float = 300,
    ) -> "subprocess.CompletedProcess[str]":
        """Run `python ARGUMENTS` to its end, like `subprocess.run` with captured text.

        Args:
            arguments: `-c` and code, or `-m` and a module, then the arguments of the program.
            cwd: its working folder.
            env: its variables; if they configure the interpreter, a new one is started.
            timeout: seconds after which it is killed.

        Raises:
            TimeoutExpired: it was killed.
        """
        if not hasattr(os, "fork") or _of_interpreters(env) != _of_interpreters(os.environ):
            return subprocess.run(
                [sys.executable, *arguments], cwd=cwd, env=env, capture_output=True, text=True,
                timeout=timeout, check=False,
            )  # fmt: skip
        server = self._server or self._start()
        request = {"arguments": arguments, "folder": str(cwd), "variables": dict(env)}
        (output, output_end), (errors, errors_end) = _wide_pipe(), _wide_pipe()
        with open(os.devnull) as nothing:
            _request(server, request, [nothing.fileno(), output_end, errors_end])
        os.close(output_end)
        os.close(errors_end)
        with ThreadPoolExecutor(2) as pool:
            outputs = [pool.submit(_read, descriptor) for descriptor in (output, errors)]
            pid = _answer(server)
            ended, _, _ = select.select([server], [], [], timeout)
            if not ended:
                os.kill(pid, signal.SIGKILL)
            status = _answer(server)
            stdout, stderr = (output.result() for output in outputs)
        if not ended:
            raise subprocess.TimeoutExpired(list(arguments), timeout, stdout, stderr)
        return subprocess.CompletedProcess(list(arguments), status, stdout, stderr)

    def start(
        self,
        arguments: Sequence[str],
        *,
        output: int,
        cwd: str | os.PathLike[str] = ".",
        env: Mapping[str, str],
    ) -> "ForkedProcess | subprocess.Popen[bytes]":
        """Start `python ARGUMENTS`, like `subprocess.Popen`; the caller ends it.

        Args:
            arguments: `-c` and code, or `-m` and a module, then the arguments of the program.
            output: the descriptor of its stdout and stderr.
            cwd: its working folder.
            env: its variables; PYTHONPATH is the only one of the interpreter that may differ.
        """
        ours, theirs = (_of_interpreters(each) | {PATH: ""} for each in (env, os.environ))
        if not hasattr(os, "fork") or ours != theirs:
            return subprocess.Popen(
                [sys.executable, *arguments], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output,
            )  # fmt: skip
        # What guards starts of processes sees a forked one, too.
        sys.audit("subprocess.Popen", sys.executable, [sys.executable, *arguments], cwd, env)
        server = self._server or self._start()
        request = {"arguments": arguments, "folder": str(cwd), "variables": dict(env)}
        answers, answers_end = socket.socketpair()
        with open(os.devnull) as nothing, answers_end:
            _request(server, request, [nothing.fileno(), output, output, answers_end.fileno()])
        program = ForkedProcess(answers)
        self._started = [each for each in self._started if each[0].poll() is None]
        self._started.append((program, arguments))
        return program

    def close(self) -> None:
        """End the server; the next program starts another.

        Raises:
            RuntimeError: programs were left running; they are killed.
        """
        running = [each for each in self._started if each[0].poll() is None]
        for program, _ in running:
            program.kill()
            program.wait()
        if self._server is not None and self._process is not None:
            self._server.close()
            self._end(self._process)
        self._server, self._process, self._started = None, None, []
        if running:
            raise RuntimeError(f"left running: {[' '.join(given) for _, given in running]}")

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        try:
            process.wait(LONGEST_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            warnings.warn("the server of forked programs did not end, and was killed", stacklevel=3)

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        self._server = ours
        return ours


def _request(server: socket.socket, request: Mapping[str, Any], descriptors: list[int]) -> None:
    line = json.dumps(request).encode() + b"\n"
    sent = socket.send_fds(server, [line], descriptors)
    server.sendall(line[sent:])


def _of_interpreters(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name.startswith("PYTHON")}


def _answer(server: socket.socket) -> int:
    (number,) = _NUMBER.unpack(server.recv(_NUMBER.size, socket.MSG_WAITALL))
    return int(number)


def _wide_pipe() -> tuple[int, int]:
    """Return the ends of a pipe that keeps more than a program of the tests prints.

    Lines that wait in a full pipe for a second are dropped: a test may be held for longer.
    """
    ends = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return ends


def _read(descriptor: int) -> str:
    with os.fdopen(descriptor) as stream:
        return stream.read()


def _serve(server: socket.socket) -> dict[str, Any] | None:
    """Fork for each request; return in a forked process, with its request, or at the end."""
    attendants: list[int] = []
    while True:
        line, descriptors, _, _ = socket.recv_fds(server, 1 << 20, 4)
        while line and not line.endswith(b"\n"):
            line += server.recv(1 << 20)
        attendants = [pid for pid in attendants if os.waitpid(pid, os.WNOHANG) == (0, 0)]
        if not line:
            return None
        if len(descriptors) == len(("stdin", "stdout", "stderr")):
            request = _fork(line, descriptors, server)
        elif attendant := os.fork():
            attendants.append(attendant)
            _close(descriptors)
            request = None
        else:
            # An attendant waits for one program, while the server takes other requests.
            with socket.socket(fileno=descriptors.pop()) as answers:
                request = _fork(line, descriptors, answers)
            if request is None:
                os._exit(0)
        if request is not None:
            return request


def _fork(line: bytes, descriptors: Sequence[int], answers: socket.socket) -> dict[str, Any] | None:
    """Fork, and send process id and exit status; return the request in the fork, else None."""
    pid = os.fork()
    if pid == 0:
        request: dict[str, Any] = json.loads(line)
        _become(request, descriptors)
        return request
    _close(descriptors)
    answers.sendall(_NUMBER.pack(pid))
    _, status = os.waitpid(pid, 0)
    # A test may have dropped the program that it started.
    with contextlib.suppress(BrokenPipeError):
        answers.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(status)))
    return None


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _become(request: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["variables"])
    time.tzset()


def _main(arguments: Sequence[str]) -> None:
    """Run a program like `python ARGUMENTS`, without a frame of this file in its tracebacks."""
    way, program, *rest = arguments
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = builtins
    sys.argv = [way, *rest]
    sys.path.insert(0, "" if way == "-c" else os.getcwd())
    sys.path[1:1] = _added_folders()
    if error := _error_of(way, program, main.__dict__):
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(1)


def _added_folders() -> list[str]:
    """Return the folders of PYTHONPATH that the server was started without."""
    folders = os.environ.get(PATH, "").split(os.pathsep)
    return [folder for folder in folders if folder and folder not in sys.path]


def _error_of(way: str, program: str, names: dict[str, Any]) -> Exception | None:
    try:
        if way == "-c":
            if sys.version_info >= (3, 13):
                # Tracebacks show the lines of such a program.
                lines = program.splitlines(keepends=True)
                linecache.cache["<string>"] = (len(program), None, lines, "<string>")
            exec(compile(program, "<string>", "exec"), names)
        else:
            runpy._run_module_as_main(program)  # type: ignore[attr-defined]
    except Exception as error:  # noqa: BLE001 what the interpreter would show
        # Its first frame is this one.
        if error.__traceback__ is not None:
            error.__traceback__ = error.__traceback__.tb_next
        return error
    return None


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as listening:
        # Python has put this file's folder there.
        del sys.path[0]
        for name in LIBRARIES:
            with contextlib.suppress(ModuleNotFoundError):
                importlib.import_module(name)
        gc.collect()
        gc.freeze()
        request = _serve(listening)
    if request is not None:
        _main(request["arguments"])
