"""Locks a target, exclusive or shared, among this user's runs on this machine; waits for others.

A run holds a lock of its target until it ends: an `exclusive` run an exclusive lock, the others a
shared one, whichever commands they belong to. The system releases the locks of a killed process.
"""

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from securenet_obs.processes.descendants import MARK
from securenet_obs.processes.locks import try_lock
from securenet_obs.runner.target import Target

POLL_INTERVAL_S = 0.1
"""Seconds between attempts to acquire a lock."""


@contextmanager
def target_lock(
    target: Target,
    run: str,
    *,
    exclusive: bool,
    stop: threading.Event,
    on_wait: Callable[[str], None],
) -> Iterator[None]:
    """Hold the target's lock for the block, shared or exclusive.

    Args:
        target: environment under test.
        run: name of this run for the message of runs that wait for it.
        exclusive: whether to exclude all other runs.
        stop: ends the wait; the block is entered all the same.
        on_wait: called once, with the reason, if the run has to wait.
    """
    if MARK in os.environ:
        # Started by a notebook: the lock of the notebook's run covers this one, too.
        yield
        return
    folder = _folder(target)
    holder = folder / f"{os.getpid()}-{threading.get_ident()}"
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(descriptor, folder, stop, on_wait, exclusive=exclusive)
        holder.write_text(run)
        yield
    finally:
        holder.unlink(missing_ok=True)
        os.close(descriptor)


def _folder(target: Target) -> Path:
    """Return the folder of a target's lock, the same for every command against this target."""
    digest = hashlib.sha256(repr(target.address()).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"securenet-obs-{os.geteuid()}" / digest
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _acquire(
    descriptor: int,
    folder: Path,
    stop: threading.Event,
    on_wait: Callable[[str], None],
    *,
    exclusive: bool,
) -> None:
    waiting = False
    while not stop.is_set() and not try_lock(descriptor, shared=not exclusive):
        if not waiting:
            waiting = True
            on_wait(f"waits for {', '.join(_holders(folder)) or 'another run'}")
        time.sleep(POLL_INTERVAL_S)


def _holders(folder: Path) -> list[str]:
    """Return the runs that hold the target now; files of killed commands are skipped."""
    files = [path for path in folder.iterdir() if path.name != "lock"]
    return sorted(
        path.read_text(encoding="utf-8")
        for path in files
        if psutil.pid_exists(int(path.name.partition("-")[0]))
    )
