"""Detects log files that a process is writing: by a lease on Linux, else by their growth."""

import errno
import fcntl
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

SETTLE_S = 0.25
"""Seconds in which a file must grow to count as being written, if no writer can be detected."""


class WriterDetector:
    """Finds out which of the files that end within a line are being written."""

    def __init__(self) -> None:
        self._written: set[Path] = set()
        self._sizes: dict[Path, int] = {}
        self._began = time.monotonic()

    def observe(self, path: Path) -> None:
        """Look at a file as soon as its end has been read."""
        with suppress(OSError), path.open("rb") as file:
            if _has_writer(file):
                self._written.add(path)
            else:
                self._sizes[path] = os.fstat(file.fileno()).st_size
        self._began = time.monotonic()

    def find_written(self) -> set[Path]:
        """Return the files that had a writer, or have grown `SETTLE_S` after the last one's end."""
        if self._sizes:
            time.sleep(max(0.0, self._began + SETTLE_S - time.monotonic()))
        return self._written | {
            path for path, size in self._sizes.items() if _has_changed(path, size)
        }


def _has_changed(path: Path, size: int) -> bool:
    with suppress(OSError):
        return path.stat().st_size != size
    return False


def _has_writer(file: IO[bytes]) -> bool:
    """Request a read lease, which Linux refuses while the file is open for writing."""
    if sys.platform != "linux":
        return False
    # Linux signals the holder when a writer opens the file; SIGIO, the default, would end us.
    fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
    try:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
