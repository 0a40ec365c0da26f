"""Divides a large log file at line feeds into a part for this process and one for another."""

import os
from typing import NamedTuple

from securenet_obs.probes.logs.files.batches import MAX_LINE_BYTES

MIN_BYTES = 32 * 1024 * 1024
"""Size from which a file is divided; a second process would start too late for a smaller one."""

_OWN_SHARE = 0.53
"""Share of the bytes that the first process reads itself; it also builds the frame."""


class ByteRange(NamedTuple):
    """Bytes of a file, from the beginning of a line to the end of a line."""

    start: int
    end: int


def choose_range(descriptor: int, size: int) -> ByteRange | None:
    """Return the range of a file for another process; None if there is no line feed to divide at.

    Raises:
        OSError: the file cannot be read.
    """
    middle = int(size * _OWN_SHARE)
    start = middle + os.pread(descriptor, MAX_LINE_BYTES, middle).find(b"\n") + 1
    last = max(0, size - MAX_LINE_BYTES)
    end = last + os.pread(descriptor, size - last, last).rfind(b"\n") + 1
    if start == middle or end == last or end <= start:
        return None
    return ByteRange(start, end)


def count_processors() -> int:
    """Return the processors that this process may use, where the system tells; else 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
