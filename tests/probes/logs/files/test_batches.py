import io

import pytest

from securenet_obs.probes.logs.files.batches import (
    BLOCK_BYTES,
    MAX_LINE_BYTES,
    Batch,
    Fault,
    read_batches,
)
from securenet_obs.probes.logs.files.compression import Stream


def read(content: bytes, size: int | None = None) -> tuple[list[tuple[int, bytes]], list[Fault]]:
    """Return the numbered lines of a content, and the faults."""
    parts = list(read_batches(Stream(io.BytesIO(content), ""), size))
    batches = [part for part in parts if isinstance(part, Batch)]
    lines = [
        (one.first + at, line)
        for one in batches
        for at, line in enumerate(one.content.split(b"\n"))
    ]
    return lines, [part for part in parts if isinstance(part, Fault)]


@pytest.mark.parametrize("block", [1, 2, 3, 7, BLOCK_BYTES])
def test_lines_are_numbered_across_blocks(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """Numbers count every line from 1, blank ones included, wherever a block ends."""
    monkeypatch.setattr("securenet_obs.probes.logs.files.batches.BLOCK_BYTES", block)
    lines, faults = read(b"one\n\n  \r\nfour\nfive")
    assert lines == [(1, b"one"), (2, b""), (3, b"  \r"), (4, b"four"), (5, b"five")]
    assert not faults


def test_last_line_without_a_line_feed_is_cut() -> None:
    """It is a batch of its own."""
    *_, whole, last = read_batches(Stream(io.BytesIO(b"one\ntwo"), ""))
    assert whole == Batch(1, b"one")
    assert last == Batch(2, b"two", is_cut=True)


@pytest.mark.parametrize("end", [b"\nnext\n", b"\n\nnext", b"\nnext\n" + b"y" * 3_000_000])
def test_oversized_line_is_dropped(end: bytes) -> None:
    """A line of 10 MB is a fault of that line only; the next line is read."""
    lines, faults = read(b"first\n" + b"x" * 10_000_000 + end)
    assert faults[0] == Fault(2, f"longer than {MAX_LINE_BYTES} bytes")
    assert [line for _, line in lines if line] == [b"first", b"next"]


@pytest.mark.parametrize(
    ("length", "is_kept"), [(MAX_LINE_BYTES - 1, True), (MAX_LINE_BYTES, False)]
)
def test_line_of_maximum_length_is_kept(length: int, is_kept: bool) -> None:
    """A line of exactly the limit, line feed included, is kept, and a longer one is not."""
    lines, faults = read(b"x" * length + b"\n")
    assert (len(lines), len(faults)) == (is_kept, not is_kept)


@pytest.mark.parametrize("content", [b"", b"{}\n", b"\n{}", b"{}"])
def test_utf8_byte_order_mark_is_removed(content: bytes) -> None:
    """A mark at the beginning belongs to no line; a later one stays in its line."""
    assert read(b"\xef\xbb\xbf" + content) == read(content)
    lines, _ = read(b"{}\n\xef\xbb\xbf{}\n")
    assert lines[1] == (2, b"\xef\xbb\xbf{}")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_other_encodings_are_one_fault(encoding: str) -> None:
    """A file in UTF-16 or UTF-32, with a mark or without, is a fault of the whole file."""
    lines, (fault,) = read('{"event": "ready"}\n'.encode(encoding) * 100)
    assert not lines
    assert fault == Fault(0, f"{encoding[:6].upper()} instead of UTF-8: convert the file first")


@pytest.mark.parametrize("size", range(1, 12))
def test_growing_file_is_read_to_the_line_at_its_size(size: int) -> None:
    """A file that grows faster than it is read ends with the block in which its size lies."""
    endless = _Endless(b"abcd\n")
    batches = list(read_batches(Stream(endless, ""), size))
    count = sum(one.content.count(b"\n") + 1 for one in batches if isinstance(one, Batch))
    assert -(-size // 5) <= count <= -(-size // 5) + 1


class _Endless:
    def __init__(self, line: bytes) -> None:
        self._line, self._at = line, 0

    def read1(self, size: int, /) -> bytes:
        """Return four bytes of the same line again and again."""
        part = bytes(self._line[(self._at + i) % len(self._line)] for i in range(4))
        self._at += 4
        return part
