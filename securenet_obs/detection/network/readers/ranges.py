"""Divides a file into ranges of bytes that can be read apart."""

import mmap
from collections.abc import Iterator
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
    for start, end in zip([0, *cuts], [*cuts, None], strict=True):
        yield Range(start, end, header_before(data, start))


def header_before(data: mmap.mmap | bytes, position: int) -> bytes:
    """Return the header of Zeek's table that lines from a position on follow, b"" if in none."""
    start = _line_before(data, HEADER, position)
    lines = []
    while 0 <= start < position:
        end = data.find(b"\n", start)
        lines.append(data[start : end if end >= 0 else len(data)])
        start = data.find(b"\n#", end) + 1 if end >= 0 else -1
        start = start or -1
    return b"\n".join(lines)


def _line_before(data: mmap.mmap | bytes, text: bytes, position: int) -> int:
    """Return the start of the last line before a position that begins with a text, else -1."""
    end = position - 1 + len(text)
    found = data.rfind(b"\n" + text, 0, end)
    if found >= 0:
        return found + 1
    return 0 if position > 0 and data[: len(text)] == text else -1
