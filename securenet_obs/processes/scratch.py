"""Folders of temporary files that end with their block; the next one removes those of the killed.

A run's folder has its parameters and its connection file in the clear. A killed process leaves its
folder behind with a lock file that nobody has locked.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from securenet_obs.processes.locks import file_lock

PREFIX = "snobs-"

MIN_AGE_S = 60
"""Seconds after which a folder is abandoned if it is not locked: a new one is not locked yet."""

_LOCK = ".lock"


@contextmanager
def scratch_folder(kind: str = "", *, parent: str | None = None) -> Iterator[Path]:
    """Yield a new folder that only this user may enter; remove it after the block.

    Args:
        kind: the part of its name behind `snobs-`, before random characters.
        parent: the folder in which it is made; None for the system's temporary files.

    Raises:
        OSError: it cannot be made.
    """
    _remove_abandoned(parent or tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{kind}", dir=parent))
    try:
        with file_lock(folder / _LOCK, wait_s=0):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: str) -> None:
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and _is_own(entry):
                _remove_unlocked(Path(entry.path))


def _is_own(entry: "os.DirEntry[str]") -> bool:
    """Return whether it is a folder of this user: others may put a link there."""
    with suppress(OSError):
        is_mine = entry.stat(follow_symlinks=False).st_uid == os.geteuid()
        return is_mine and entry.is_dir(follow_symlinks=False)
    return False


def _remove_unlocked(folder: Path) -> None:
    """Remove a folder whose lock file is old and not locked."""
    lock = folder / _LOCK
    with suppress(OSError):
        if time.time() - lock.lstat().st_mtime >= MIN_AGE_S:
            with file_lock(lock, wait_s=0) as is_abandoned:
                if is_abandoned:
                    shutil.rmtree(folder, ignore_errors=True)
