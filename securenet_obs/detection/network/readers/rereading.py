"""Reads lines of a file again, by their positions; only the ranges that hold one are read."""

from collections.abc import Collection, Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from securenet_obs.detection.network.readers.entries import Entry, Range
from securenet_obs.detection.network.readers.ranges import divide
from securenet_obs.detection.network.readers.sources import read_blocks


def reread(path: Path, offsets: Collection[int]) -> Iterator[tuple[int, list[Entry]]]:
    """Yield each position at which a line begins, with the line's entries, in the file's order.

    Args:
        path: the file; a compressed one is unpacked from its start.
        offsets: positions in the file, decompressed.

    Raises:
        OSError: the file cannot be read.
    """
    for part in divide(path):
        wanted = {offset for offset in offsets if _is_in(offset, part)}
        if wanted:
            for offset, entries in groupby(_entries(path, part, wanted), attrgetter("offset")):
                yield offset, list(entries)


def _is_in(offset: int, part: Range) -> bool:
    return part.start <= offset and (part.end is None or offset < part.end)


def _entries(path: Path, part: Range, wanted: set[int]) -> Iterator[Entry]:
    last = max(wanted)
    for block in read_blocks(str(path), part):
        for entry in block.entries():
            if entry.offset in wanted:
                yield entry
            elif entry.offset > last:
                return
