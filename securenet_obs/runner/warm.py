"""A warm server: one process that has the heavy imports loaded, and forks a fresh process a run.

Design
------
Starting an interpreter and importing is most of what a run costs. The server does both once, and
then only forks; what it has imported is shared until somebody writes to it.

- `python -m securenet_obs.runner.warm SOCKET` imports, binds the Unix socket and says `ready` on
  its standard output. It lives until its standard input ends, and ends all it has started then.
- Each connection is one process. The client sends a JSON line (module, arguments, variables,
  working folder) with three descriptors, the process's standard streams; the answer is a line
  with the process number, and later one with its exit status. If the client closes first, or is
  killed, the process and everything below it is killed: nothing survives its run.
- Behind each connection are two processes: an attendant, and the process that it forked. The
  attendant is a subreaper, so that daemons of a kernel are found below it; it waits for one
  process only, and that dies with it.
- Forking is what takes time here (each fork copies the page tables of all that was imported), so
  a few such pairs are forked ahead, while nobody asks, and wait for a connection.
- A forked process is as fresh as a started one where it matters: own session, exactly the
  variables that it was given, own random state, no server descriptors. It shares what was
  imported; modules of this project that read their settings are not among it.
- Threads do not survive a fork, so the server never starts one: nothing imported here may create
  a ZeroMQ context, an event loop or a pool.

Kernels get here through `securenet_obs.runner.provisioner`. Only Linux is served: there a process
can be waited for by descriptor, and system libraries survive a fork.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, NoReturn

from securenet_obs.runner import grammar
from securenet_obs.runner.leaving import run_main, vanish_at_exit
from securenet_obs.runner.processes import adopt_orphans, die_with_parent, kill_descendants

SERVED = frozenset(
    {"securenet_obs.runner.child", "securenet_obs.runner.kernel", "securenet_obs.runner.pages"}
)
"""Modules whose `main(arguments)` can be run in a forked process."""

PRELOADED = (
    *sorted(SERVED),
    "securenet_obs.runner.engine",
    "securenet_obs.checks",
    "matplotlib.pyplot",
    "celery",
    "httpx",
    "pandas",
    "pydantic_settings",
    "sentry_sdk",
    "sqlalchemy",
    "structlog",
)
"""What notebooks import that takes long; a module that is not installed is passed over."""

SPARES = 3
"""Processes that are forked ahead: a run has a child, a kernel and a page."""

IDLE_S = 0.05
"""Seconds without a request, after which spares are forked."""

INLINE = "module://matplotlib_inline.backend_inline"
"""matplotlib chooses its back end when it is imported; this is what every kernel would choose."""


def available() -> bool:
    """Say whether this system can have a warm server."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


def main(arguments: list[str]) -> None:
    """Serve on the socket that is named, until standard input ends."""
    vanish_at_exit()
    os.environ["MPLBACKEND"] = INLINE
    _preload()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(arguments[0])
        listener.listen(64)
        # Nobody waits for attendants; they must not stay behind as zombies.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.write(1, b"ready\n")
        process = _serve(listener)
    if process is not None:
        # Only in a forked process: it leaves as any other does, its exit handlers included.
        process()


def _preload() -> None:
    grammar.do_without()
    for name in PRELOADED:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)
    sys.modules["securenet_obs.runner.pages"].warm_up()
    if pandas := sys.modules.get("pandas"):
        # When it is imported it looks whether a kernel will show its tables; here it sees none,
        # and would cut them to the width of a terminal. The number is its own for notebooks.
        pandas.set_option("display.max_columns", 20)
    # What is there now is left alone by the collector, and so stays shared.
    gc.collect()
    gc.freeze()


def _serve(listener: socket.socket) -> Any:
    """Hand each connection to a spare; return in a forked process only, with what it is to do."""
    spares: deque[socket.socket] = deque()
    while True:
        idle = None if len(spares) >= SPARES else IDLE_S if spares else 0
        readable, _, _ = select.select([listener.fileno(), 0], [], [], idle)
        if 0 in readable and not os.read(0, 1):
            kill_descendants()
            return None
        if listener.fileno() in readable and spares:
            _hand_over(listener, spares.popleft())
        elif len(spares) < SPARES:
            ours, theirs = socket.socketpair()
            if os.fork() == 0:
                for other in (listener, ours, *spares):
                    other.close()
                return _attend(theirs)
            theirs.close()
            spares.append(ours)


def _hand_over(listener: socket.socket, spare: socket.socket) -> None:
    """Give the next connection to a spare; to its client, a spare that is gone is no answer."""
    connection, _ = listener.accept()
    with spare, connection, contextlib.suppress(OSError):
        socket.send_fds(spare, [b"."], [connection.fileno()])


def _attend(server: socket.socket) -> Any:
    """Fork a process and wait: for a client, then for either's end; return in that process only."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    adopt_orphans()
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        die_with_parent()
        server.close()
        ours.close()
        return _become(theirs)
    theirs.close()
    _, passed, _, _ = socket.recv_fds(server, 1, 1)
    if not passed:
        # The server is gone: there is nobody to wait for.
        _leave()
    with socket.socket(fileno=passed[0]) as connection:
        line, descriptors = _request(connection)
        socket.send_fds(ours, [line], descriptors)
        for descriptor in (0, 1, 2, *descriptors):
            os.close(descriptor)
        ours.close()
        _tell(connection, {"pid": pid})
        _wait(connection, pid)
    return _leave()


def _request(connection: socket.socket) -> tuple[bytes, list[int]]:
    """Receive a request line, and the descriptors that came with it; leave if there is none."""
    line, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    while not line.endswith(b"\n"):
        line += connection.recv(1 << 20) or _leave()
    return line, list(descriptors)


def _leave() -> NoReturn:
    os._exit(0)


def _wait(connection: socket.socket, pid: int) -> None:
    """Wait for the process or for its client to end, and end what is left of either."""
    process = os.pidfd_open(pid)
    readable, _, _ = select.select([process, connection.fileno()], [], [])
    if process not in readable:
        kill_descendants()
        return
    _, status = os.waitpid(pid, 0)
    kill_descendants()
    _tell(connection, {"status": os.waitstatus_to_exitcode(status)})


def _tell(connection: socket.socket, answer: dict[str, int]) -> None:
    # A client that is gone is noticed where it is waited for.
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(answer).encode() + b"\n")


def _become(attendant: socket.socket) -> Any:
    """Wait for what is asked for, and be it; return what it is to run."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    line, descriptors = _request(attendant)
    request = json.loads(line)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.closerange(3, 1024)
    os.chdir(request["folder"])
    _renew(request["variables"])
    sys.argv = [request["module"], *request["arguments"]]
    module = importlib.import_module(request["module"])
    return lambda: run_main(module.main, request["arguments"])


def _renew(variables: dict[str, str]) -> None:
    """Take on the environment, and random states that no other fork has."""
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()
    sys.path[:0] = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "matplotlib" in sys.modules:
        sys.modules["matplotlib"].rcParams["backend"] = os.environ.get("MPLBACKEND", INLINE)


def request_line(
    module: str, arguments: list[str], variables: dict[str, str], folder: Path | str
) -> bytes:
    """Return the line that asks for a process."""
    request = {"module": module, "arguments": arguments, "variables": variables}
    return json.dumps(request | {"folder": str(folder)}).encode() + b"\n"


if __name__ == "__main__":
    main(sys.argv[1:])
