"""Runs a command in a process of a warm server that has stayed, as if it ran here.

Buys: the next `securenet-obs run` takes 0.19 of the time of papermill's command line, not 0.36.
Without it: each command imports anew what the server has imported.
Can go with the server that stays.

The process has this one's arguments, variables, folder, umask and standard streams; it gets its
signals, and ends with it. Its namespaces, control group, groups and processors are those of the
server, which is of the same; it does not have its limits (`ulimit`, `nice`), nor has a kernel.
"""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

from securenet_obs.errors import SecureNetObsError
from securenet_obs.runner.kernel.forked import SOCKET, ForkedProcess
from securenet_obs.runner.kernel.staying import end_silent_server, staying_server

MODULE = "securenet_obs.cli.served"

DESCRIPTORS = ("/dev/fd/", "/proc/self/fd/")
"""Folders of a process's own open files."""


def run_by_server(arguments: Sequence[str]) -> int | None:
    """Run a command in a process of a server that has stayed; return None if there is none.

    Args:
        arguments: those of the command line; with `--cold` no server is used.

    Returns:
        The exit status, as a shell reports it.
    """
    if "--cold" in arguments or os.environ.get(SOCKET) or not _has_all_files(arguments):
        return None
    with staying_server(starts=False) as socket:
        if not socket:
            return None
        try:
            command = _start(socket, arguments)
        except OSError:
            return None
        if command is not None:
            with closing(command), _passing_signals(command):
                status = command.wait()
            return 128 - status if status < 0 else status
    # The run in this process would wait for it, too, and end with an error.
    end_silent_server(socket)
    return None


def _start(socket: str, arguments: Sequence[str]) -> ForkedProcess | None:
    """Start a process of this server; return None if the server does not answer.

    Raises:
        OSError: the server is gone.
    """
    with suppress(SecureNetObsError):
        return ForkedProcess(
            socket,
            MODULE,
            [socket, *arguments],
            environment=os.environ,
            folder=os.getcwd(),
            streams=[0, 1, 2],
        )
    return None


def _has_all_files(arguments: Sequence[str]) -> bool:
    """Return whether a process with the standard streams alone has all that the command opens.

    Other files get the numbers of closed streams, and `--target <(...)` of a shell is an argument
    that names another descriptor.
    """
    if any(path in argument for argument in arguments for path in DESCRIPTORS):
        return False
    try:
        for number in (0, 1, 2):
            os.fstat(number)
    except OSError:
        return False
    return True


@contextmanager
def _passing_signals(command: ForkedProcess) -> Iterator[None]:
    """Send Ctrl-C and SIGTERM within the block to the command, which ends by itself."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in before.items():
        # A shell has a job in the background ignore Ctrl-C.
        if handler != signal.SIG_IGN:
            signal.signal(number, lambda received, _: command.send_signal(received))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
