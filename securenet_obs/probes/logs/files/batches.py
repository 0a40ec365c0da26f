"""Splits a log file into batches of lines, in bounded memory; reports faulty lines and files."""

from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

from securenet_obs.probes.logs.files.compression import DATA_ERRORS, Stream, describe_fault

MAX_LINE_BYTES = 1024 * 1024
"""Maximum length of a line in bytes; a longer line is rejected without being kept."""

BLOCK_BYTES = 64 * 1024
"""Bytes that are read and parsed at once; a batch of records should fit into the CPU's cache."""

_UTF8_MARK = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"{\x00\x00\x00": "UTF-32",
    b"\x00\x00\x00{": "UTF-32",
    b"{\x00": "UTF-16",
    b"\x00{": "UTF-16",
}


class Batch(NamedTuple):
    """Consecutive lines with a line feed between two of them; blank ones are included.

    `first` is the number of the first, counted from 1. `is_cut` is set if no line feed ended the
    last one: the file ends within this line, or with it.
    """

    first: int
    content: bytes
    is_cut: bool = False


class Fault(NamedTuple):
    """A line that has no content, and the reason; number 0 stands for the whole file."""

    number: int
    reason: str


class Position(NamedTuple):
    """A place in a file, as the lines and the bytes before it."""

    lines: int
    bytes: int


BEGINNING = Position(0, 0)


def read_batches(
    stream: Stream, size: int | None = None, start: Position = BEGINNING
) -> Generator[Batch | Fault, None, Position]:
    """Yield the lines of a file, a batch at a time; return the position where reading ended.

    A byte order mark of UTF-8 at the beginning is removed. A fault of the file is yielded after
    the lines before it.

    Args:
        stream: the file, decompressed.
        size: bytes of the file after which reading stops at the next line feed, for a file that
            grows. It stops at exactly this size if a line ends there.
        start: position of the stream in the file, at the beginning of a line.
    """
    blocks = _Blocks(stream.file.read1, None if size is None else size - start.bytes)
    lines = _Lines(start.lines)
    try:
        block = blocks.read(is_complete=True) if start.bytes else blocks.read_start()
        if not start.bytes:
            encoding = _find_other_encoding(block)
            if encoding:
                yield Fault(0, f"{encoding} instead of UTF-8: convert the file first")
                return start
            block = block.removeprefix(_UTF8_MARK)
        while block:
            yield from lines.split(block)
            block = blocks.read(lines.is_complete)
    except DATA_ERRORS as error:
        yield Fault(lines.number + 1, describe_fault(error, stream.compression))
    else:
        yield from lines.finish()
    return Position(lines.number, start.bytes + blocks.count)


def _find_other_encoding(start: bytes) -> str:
    return next((name for magic, name in _OTHER_ENCODINGS.items() if start.startswith(magic)), "")


class _Blocks:
    """Reads blocks until the end, or until the end of the line that `size` lies in."""

    def __init__(self, read: Callable[[int], bytes], size: int | None) -> None:
        self._read, self._size = read, size
        self.count = 0

    def read_start(self) -> bytes:
        """Return the first block, of at least 4 bytes if the file has them."""
        start = b""
        while len(start) < 4 and (block := self._read_block()):
            start += block
        return start

    def read(self, is_complete: bool) -> bytes:
        """Return the next block; `is_complete` is whether the last one ended with a line feed."""
        if self._size is None or self.count < self._size:
            return self._read_block()
        if is_complete:
            return b""
        block = self._read_block()
        end = block[: block.find(b"\n") + 1] or block
        self.count -= len(block) - len(end)
        return end

    def _read_block(self) -> bytes:
        rest = 0 if self._size is None else self._size - self.count
        block = self._read(min(BLOCK_BYTES, rest) if rest > 0 else BLOCK_BYTES)
        self.count += len(block)
        return block


class _Lines:
    """Splits blocks into lines; of a line that is too long only the number is kept."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._rest = b""
        self._is_skipping = False

    @property
    def is_complete(self) -> bool:
        """Whether the last block ended with a line feed."""
        return not self._rest and not self._is_skipping

    def split(self, block: bytes) -> Iterator[Batch | Fault]:
        """Yield the lines that this block completes."""
        if self._is_skipping:
            end = block.find(b"\n")
            if end < 0:
                return
            yield self._skip()
            block = block[end + 1 :]
        end = block.rfind(b"\n")
        if end < 0:
            self._rest += block
        else:
            yield from self._complete(b"".join((self._rest, memoryview(block)[:end])))
            self._rest = block[end + 1 :]
        if len(self._rest) > MAX_LINE_BYTES:
            self._rest, self._is_skipping = b"", True

    def _complete(self, content: bytes) -> Iterator[Batch | Fault]:
        # Of several lines only the first can have begun in an earlier block.
        if len(content) >= MAX_LINE_BYTES:
            first, line_feed, others = content.partition(b"\n")
            if len(first) >= MAX_LINE_BYTES:
                yield self._skip()
                if not line_feed:
                    return
                content = others
        yield Batch(self.number + 1, content)
        # Twice as fast as `count`.
        self.number += len(content) - len(content.replace(b"\n", b"")) + 1

    def finish(self) -> Iterator[Batch | Fault]:
        """Yield the last line, if no line feed ended it."""
        if self._is_skipping:
            yield self._skip()
        elif self._rest:
            yield Batch(self.number + 1, self._rest, is_cut=True)

    def _skip(self) -> Fault:
        self._is_skipping = False
        self.number += 1
        return Fault(self.number, f"longer than {MAX_LINE_BYTES} bytes")
