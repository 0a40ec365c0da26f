"""Folders of temporary files that end with their block; the next one removes those of the killed.

A run's folder has its parameters and its connection file in the clear. A killed process leaves its
folder behind, unlocked: its lock ends with it.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from securenet_obs.processes.locks import try_lock

PREFIX = "snobs-"

MIN_AGE_S = 60
"""Seconds after which a folder without a lock is abandoned: a new one is not locked yet."""


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
        with _opened(folder) as descriptor:
            # Some network file systems lock no folder: there none is ever taken for abandoned.
            with suppress(OSError):
                try_lock(descriptor)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _opened(folder: str | Path) -> Iterator[int]:
    # Other users may write to the folder of temporary files, and put a link or a pipe there.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _remove_abandoned(parent: str) -> None:
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and _is_abandoned(entry):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_abandoned(entry: "os.DirEntry[str]") -> bool:
    """Return whether it is an old folder of this user that no process has locked."""
    try:
        found = entry.stat(follow_symlinks=False)
        if found.st_uid != os.geteuid() or time.time() - found.st_mtime < MIN_AGE_S:
            return False
        with _opened(entry.path) as descriptor:
            return try_lock(descriptor)
    except OSError:
        return False
