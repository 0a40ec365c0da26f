"""Divides a file into ranges of bytes that can be read apart."""

import mmap
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from securenet_obs.detection.network.readers.compression import compression_of
from securenet_obs.detection.network.readers.entries import WHOLE, Range
from securenet_obs.detection.network.readers.streams import may_be_document
from securenet_obs.detection.network.readers.zeek_tsv import HEADER

RANGE_BYTES = 64 * 1024 * 1024
"""Size of a range: a second or two of one core, in bounded memory."""

_START_BYTES = 64 * 1024


def divide(path: Path, size: int = RANGE_BYTES) -> list[Range]:
    """Return the ranges of a file; a compressed one, or one that is a document, has one.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(_START_BYTES)
        if len(start) < _START_BYTES and len(start) <= size:
            return [WHOLE]
        if compression_of(start) or may_be_document(start):
            return [WHOLE]
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            cuts = range(size, len(data), size)
            return list(ranges_at(data, list(cuts)))


def ranges_at(data: mmap.mmap | bytes, cuts: list[int]) -> Iterator[Range]:
    """Yield the ranges between ascending positions of a file, the first and the last included."""
    starts = [0, *cuts]
    headers = headers_before(data, starts)
    for start, end, header in zip(starts, [*cuts, None], headers, strict=True):
        yield Range(start, end, header)


def headers_before(data: mmap.mmap | bytes, positions: Iterable[int]) -> Iterator[bytes]:
    """Yield the header of Zeek's table that lines from each position on follow, b"" if in none.

    Args:
        data: the file, which is searched once.
        positions: positions in the file, ascending.
    """
    lines = _marked_lines(data)
    start, line = next(lines, _NO_LINE)
    header: list[bytes] = []
    for position in positions:
        while start < position:
            header = [line] if line.startswith(HEADER) else [*header, line]
            start, line = next(lines, _NO_LINE)
        yield b"\n".join(header)


_NO_LINE = (sys.maxsize, b"")


def _marked_lines(data: mmap.mmap | bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the start and the text of each line with a `#` at its start, from a header on."""
    start = 0 if data[: len(HEADER)] == HEADER else data.find(b"\n" + HEADER) + 1 or -1
    while start >= 0:
        end = data.find(b"\n", start)
        yield start, data[start : end if end >= 0 else len(data)]
        start = data.find(b"\n#", end) + 1 or -1 if end >= 0 else -1
