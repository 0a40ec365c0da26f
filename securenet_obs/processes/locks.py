"""File locks (`flock`), exclusive or shared, which end with their block or their process."""

import fcntl
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from securenet_obs.processes.polling import poll_until


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
        OSError: the file cannot be written.
    """
    descriptor = _open_lock_file(path)
    try:
        yield poll_until(lambda: try_lock(descriptor), deadline_s=wait_s, interval_s=0.05)
    finally:
        os.close(descriptor)


def _open_lock_file(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Lock an open file without waiting; return False if another process holds it.

    Any number of processes may hold a shared lock, and one an exclusive lock.
    """
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
