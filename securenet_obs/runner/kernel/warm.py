"""Warm server: preloads imports, forks processes for runs, kills their remains; request format.

Buys: a run takes 0.6 s, 0.2 s of it CPU, instead of 3.2 s and 0.7 s. If its notebook imports
pandas, celery, sentry_sdk and structlog, it takes 0.9 s and 0.2 s instead of 4.0 s and 1.0 s
(medians of 5, on a busy machine with two cores). The server costs 1.7 s of CPU and 180 MB: it pays
from the third run.
Without it: all runs are as with `--cold`, with the same verdicts and evidence.
Can go, with `forked` and `provisioner`, when a cold run is fast enough, or when Jupyter forks
kernels (jupyter/jupyter_client#1031).

Design
------
Interpreter start and imports are most of the cost of a run. The server does both once, and then
only forks; the memory of imported modules is shared until a process writes to it.

- `python -m securenet_obs.runner.kernel.warm SOCKET` imports, binds the Unix socket and prints
  `ready` on its standard output. At the end of its standard input it kills all its descendants and
  exits.
- Each connection is one process. The client sends a JSON line (module, arguments, variables,
  working folder, umask) with three descriptors, the process's standard streams; the answer is a
  line with the process id, and later one with its exit status. If the client closes first, or is
  killed, the process and its descendants are killed: nothing survives its run.
- Behind each connection are two processes: an attendant, and the process that it forked. The
  attendant is a subreaper, so that the daemons of a kernel stay its descendants; it waits for one
  process only, which dies with it.
- Forking is the slow part (each fork copies the page tables of all imported modules), so a few
  such pairs are forked ahead, while there are no requests, and wait for a connection.
- A forked process is as fresh as a started one in all that matters: own session, exactly the given
  variables, own random state, no descriptors of the server. It shares the imported modules;
  modules of this project that read their settings are not imported ahead.
- Threads do not survive a fork, so the server never starts one: no module imported here may create
  a ZeroMQ context, an event loop or a pool.

Kernels use the server through `securenet_obs.runner.kernel.provisioner`. Only Linux is supported:
there a process can be waited for by descriptor, and system libraries survive a fork.
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
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from securenet_obs.processes.descendants import adopt_orphans, die_with_parent, kill_descendants
from securenet_obs.runner.kernel.fast_exit import enable_fast_exit, run_main
from securenet_obs.runner.notebook import import_guard

SERVED = frozenset(
    {
        "securenet_obs.runner.child.main",
        "securenet_obs.runner.kernel.main",
        "securenet_obs.runner.evidence.pages",
        "securenet_obs.cli.served",
    }
)
"""Modules with a `main(arguments)` that can be run in a forked process."""

LIBRARIES = (
    "matplotlib.pyplot",
    "celery",
    "httpx",
    "pandas",
    "pydantic_settings",
    "sentry_sdk",
    "sqlalchemy",
    "structlog",
)
"""Slow imports of notebooks; a module that is not installed is skipped."""

PAGES = "securenet_obs.runner.evidence.pages"

PRELOADED = (
    "securenet_obs.runner.child.main",
    "securenet_obs.runner.kernel.main",
    PAGES,
    "securenet_obs.runner.child.engine",
    "securenet_obs.checks",
    *LIBRARIES,
)
"""Modules that a server imports unless it is given others."""

SPARES = 3
"""Number of processes forked ahead: a run has a child, a kernel and a page."""

IDLE_S = 0.05
"""Seconds without a request after which spares are forked."""

_LONGEST_ADDRESS = 107

INLINE = "module://matplotlib_inline.backend_inline"
"""The back end that every kernel would choose; matplotlib chooses when it is imported."""


def available() -> bool:
    """Return whether this system supports a warm server."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


def has_room(*names: str) -> bool:
    """Return whether a socket of this name below the folder of temporary files can have an address.

    The path of a Unix socket has 107 bytes at most; a server's own has one more while it starts.
    """
    return len(os.fsencode(os.path.join(tempfile.gettempdir(), *names))) + 1 <= _LONGEST_ADDRESS


def main(arguments: list[str]) -> None:
    """Serve on the given socket until standard input ends.

    The first argument is the socket; others are the modules to import, for one run only. Those
    behind `--` are imported when the first process has begun.
    """
    path, *modules = arguments
    at_once, _, later = " ".join(modules).partition(" --")
    if modules:
        serve(Path(path), at_once.split(), 1, later=later.split())
    else:
        serve(Path(path), PRELOADED, SPARES)


@dataclass(frozen=True)
class Idle:
    """End of a server without requests for `seconds`, unless `may_end` refuses."""

    seconds: float
    may_end: Callable[[], bool]


def serve(
    path: Path,
    modules: Iterable[str],
    spares: int,
    idle: Idle | None = None,
    private: Sequence[int] = (),
    later: Sequence[str] = (),
) -> None:
    """Import modules, and serve on a socket; return also in each forked process, behind its work.

    Args:
        path: the socket, which is there once it is served.
        modules: modules to import.
        spares: number of processes forked ahead.
        idle: whether to end without requests, besides at the end of standard input.
        private: descriptors that forked processes must not keep.
        later: modules to import behind the first request.
    """
    enable_fast_exit()
    os.environ["MPLBACKEND"] = INLINE
    # Imports leave hardly any garbage, and the collector would look for it all the time.
    gc.disable()
    _preload(modules)
    if spares > 1:
        # Every page uses them; that of a single run makes its own.
        sys.modules[PAGES].warm_up()
        gc.collect()
    # The collector does not touch frozen objects, so their memory stays shared.
    gc.freeze()
    gc.enable()
    with socket.socket(socket.AF_UNIX) as listener:
        unready = path.with_name(f"{path.name}~")
        unready.unlink(missing_ok=True)
        listener.bind(str(unready))
        listener.listen(64)
        unready.rename(path)
        # Attendants are not waited for, and must not remain as zombies.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.write(1, b"ready\n")
        process = _serve(listener, spares, idle, private, later)
    if process is not None:
        # Only in a forked process: it exits like any other, its exit handlers included.
        process()


_imported_style = ("", 0)
"""The `matplotlibrc` that was read when matplotlib was imported."""


def _preload(modules: Iterable[str]) -> None:
    global _imported_style
    import_guard.block_slow_imports()
    for name in modules:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)
    if matplotlib := sys.modules.get("matplotlib"):
        _imported_style = _style_file(matplotlib)
    if pandas := sys.modules.get("pandas"):
        # pandas checks for a kernel when it is imported; here it finds none, and would cut tables
        # to the width of a terminal. The number is its own default for notebooks.
        pandas.set_option("display.max_columns", 20)


def _serve(
    listener: socket.socket,
    most: int,
    idle: Idle | None,
    private: Sequence[int],
    later: Sequence[str],
) -> Any:
    """Hand each connection to a spare; return the work in a forked process, None at the end."""
    spares: deque[socket.socket] = deque()
    pause_s = None if idle is None else idle.seconds
    while True:
        wait_s = pause_s if len(spares) >= most else IDLE_S if spares else 0
        readable, _, _ = select.select([listener.fileno(), 0], [], [], wait_s)
        if 0 in readable and not os.read(0, 1):
            kill_descendants()
            return None
        if not readable and idle and len(spares) >= most and idle.may_end():
            kill_descendants()
            return None
        if listener.fileno() in readable and spares:
            _hand_over(listener, spares.popleft())
            _preload(later)
        elif len(spares) < most:
            ours, theirs = socket.socketpair()
            if os.fork() == 0:
                for other in (listener, ours, *spares):
                    other.close()
                for descriptor in private:
                    os.close(descriptor)
                return _attend(theirs)
            theirs.close()
            spares.append(ours)


def _hand_over(listener: socket.socket, spare: socket.socket) -> None:
    """Pass the next connection to a spare; if the spare is gone, the client gets no answer."""
    connection, _ = listener.accept()
    with spare, connection, contextlib.suppress(OSError):
        socket.send_fds(spare, [b"."], [connection.fileno()])


def _attend(server: socket.socket) -> Any:
    """Fork a process; wait for a client, then for the end of either; return in the fork only."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
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
        # The server is gone, so no client can come.
        _exit()
    with socket.socket(fileno=passed[0]) as connection:
        line, descriptors = _request(connection)
        socket.send_fds(ours, [line], descriptors)
        for descriptor in (0, 1, 2, *descriptors):
            os.close(descriptor)
        ours.close()
        _send(connection, {"pid": pid})
        _wait(connection, pid)
    return _exit()


def _request(connection: socket.socket) -> tuple[bytes, list[int]]:
    """Receive a request line and its descriptors; exit if the connection ends."""
    line, descriptors, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    while not line.endswith(b"\n"):
        line += connection.recv(1 << 20) or _exit()
    return line, list(descriptors)


def _exit() -> NoReturn:
    os._exit(0)


def _wait(connection: socket.socket, pid: int) -> None:
    """Wait until the process or its client ends, kill all descendants, and send the exit status."""
    process = os.pidfd_open(pid)
    readable, _, _ = select.select([process, connection.fileno()], [], [])
    if process not in readable:
        kill_descendants()
        return
    _, status = os.waitpid(pid, 0)
    kill_descendants()
    _send(connection, {"status": os.waitstatus_to_exitcode(status)})


def _send(connection: socket.socket, answer: dict[str, int]) -> None:
    # `_wait` notices a client that is gone.
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(answer).encode() + b"\n")


def _become(attendant: socket.socket) -> Any:
    """Wait for a request, take on its streams, folder and variables, and return its work."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    line, descriptors = _request(attendant)
    request = json.loads(line)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.closerange(3, 1024)
    os.umask(request["umask"])
    os.chdir(request["folder"])
    _renew(request["variables"])
    sys.argv = [request["module"], *request["arguments"]]
    module = importlib.import_module(request["module"])
    return lambda: run_main(module.main, request["arguments"])


def _renew(variables: dict[str, str]) -> None:
    """Set the environment variables, and random states that no other fork has."""
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()
    sys.path[:0] = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if matplotlib := sys.modules.get("matplotlib"):
        _renew_style(matplotlib)
        matplotlib.rcParams["backend"] = os.environ.get("MPLBACKEND", INLINE)


def _renew_style(matplotlib: Any) -> None:
    """Read the `matplotlibrc` of this folder or user, as an import here would, if it is another."""
    if _style_file(matplotlib) != _imported_style:
        for parameters in (matplotlib.rcParams, matplotlib.rcParamsOrig):
            parameters.update(matplotlib.rc_params())


def _style_file(matplotlib: Any) -> tuple[str, int]:
    """Return the path of the file that matplotlib would read now, and when it was changed."""
    path = os.path.abspath(matplotlib.matplotlib_fname())
    return path, os.stat(path).st_mtime_ns


def request_line(
    module: str, arguments: list[str], variables: dict[str, str], folder: Path | str
) -> bytes:
    """Return the line that requests a process."""
    request = {
        "module": module,
        "arguments": arguments,
        "variables": variables,
        "folder": str(folder),
        "umask": _read_umask(),
    }
    return json.dumps(request).encode() + b"\n"


def _read_umask() -> int:
    """Return the mask of this process; a thread that creates a file meanwhile is not disturbed."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1], 8) for line in lines if line.startswith("Umask:"))


if __name__ == "__main__":
    main(sys.argv[1:])
