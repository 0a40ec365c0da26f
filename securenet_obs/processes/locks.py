"""File locks that are released when their process ends, however it ends."""

import fcntl
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from securenet_obs.errors import StateFolderError


@contextmanager
def file_lock(path: Path, *, wait_s: float = math.inf) -> Iterator[bool]:
    """Hold the lock of a file while the block runs.

    Args:
        path: the file; it is created and never removed, or two processes could hold "the same"
            lock.
        wait_s: seconds to wait for another holder to release it.

    Yields:
        Whether the lock is held.

    Raises:
        StateFolderError: the file cannot be written.
    """
    descriptor = _opened(path)
    try:
        yield _acquire(descriptor, time.monotonic() + wait_s)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> StateFolderError:
    """Return the error for a stack's file that cannot be written, with the remedy."""
    return StateFolderError(
        f"{path}: cannot be written: {error.strerror}. A local stack keeps its state there: "
        "run in a folder that can be written."
    )


def _acquire(descriptor: int, deadline: float) -> bool:
    while not _try(descriptor):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
