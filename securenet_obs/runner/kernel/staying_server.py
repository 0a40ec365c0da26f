"""Program of a warm server that stays: serves until it is idle for five minutes, or is ended.

It is started as `python -m securenet_obs.runner.kernel.staying_server FOLDER NAME`.
"""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from securenet_obs.processes.locks import try_lock
from securenet_obs.runner.kernel.staying import state_name
from securenet_obs.runner.kernel.warm import PRELOADED, SPARES, Idle, serve

COMMANDS = (
    "click",
    "nbformat",
    "rich.console",
    "securenet_obs.layout.pages",
    "securenet_obs.runner.command",
    "securenet_obs.runner.console.report",
    "securenet_obs.runner.console.timings",
    "securenet_obs.runner.orders",
)
"""Modules of a command, besides those that look at the terminal when they are imported."""

IDLE_S = float(os.environ.get("SECURENET_OBS_IDLE_S", "300"))
"""Seconds without a request after which the server ends."""


def main(arguments: list[str]) -> None:
    """Serve at the socket of a state; return in a forked process, with its work done, and behind.

    It does nothing if the state has changed meanwhile, or another server has it.
    """
    folder, name = Path(arguments[0]), arguments[1]
    os.umask(0o077)
    alive = os.open(folder / f"{name}.alive", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not try_lock(alive):
        return
    os.ftruncate(alive, 0)
    os.write(alive, str(os.getpid()).encode())
    # The server ends at the end of its standard input: this one has an end of a pipe to itself.
    read_end, write_end = os.pipe()
    os.dup2(read_end, 0)
    os.close(read_end)
    signal.signal(signal.SIGTERM, lambda *_: _end(write_end))
    paths = [folder / f"{name}{suffix}" for suffix in (".socket", ".alive", ".use")]
    idle = Idle(IDLE_S, lambda: _is_unused(folder / f"{name}.use"))
    owner = os.getpid()
    try:
        if state_name(os.environ) == name:
            modules = (*PRELOADED, *COMMANDS)
            serve(paths[0], modules, SPARES + 1, idle=idle, private=[alive, write_end])
    finally:
        if os.getpid() == owner:
            for path in paths:
                with suppress(OSError):
                    path.unlink()


def _end(write_end: int) -> NoReturn:
    """End this process, or its standard input if the exit is lost: Python drops it while it forks.

    The locks of `logging` are released behind a fork, and no exception leaves such a function.
    """
    with suppress(OSError):
        os.close(write_end)
    sys.exit(0)


def _is_unused(path: Path) -> bool:
    """Lock the file of the commands that use the server; they find no server from then on."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if try_lock(descriptor):
        return True  # The lock is kept until this process ends.
    os.close(descriptor)
    return False


if __name__ == "__main__":
    main(sys.argv[1:])
