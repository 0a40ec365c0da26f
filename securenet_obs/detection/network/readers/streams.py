"""Reads a stream, or a range of its bytes, as blocks of entries: an item, a fault or nothing."""

import io
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson

from securenet_obs.detection.network.readers.blocks import Block, Lines, block_of
from securenet_obs.detection.network.readers.compression import Stream, Unpacked, compression_of
from securenet_obs.detection.network.readers.entries import BLANK, WHOLE, Entry, Range
from securenet_obs.detection.network.readers.envelopes import is_wrapped, unwrap
from securenet_obs.detection.network.readers.zeek_tsv import HEADER, ZeekTable
from securenet_obs.errors import RecordError

MAX_LINE_BYTES = 16 * 1024 * 1024
"""Maximum length of a line, and of a JSON document over several lines."""

TOO_LONG = f"longer than {MAX_LINE_BYTES} bytes"
NOT_JSON = "not JSON"
NOT_UTF8 = "not UTF-8"

_BOM = b"\xef\xbb\xbf"
_PEEK_BYTES = 64 * 1024
_BLOCK_BYTES = 64 * 1024
_BLOCK_ITEMS = 500


def read_stream(file: Stream, part: Range = WHOLE) -> Iterator[Block]:
    """Read an open binary file, or a range of a plain one."""
    compression = compression_of(file.peek(4)[:4])
    if compression:
        unpacked = Unpacked(file, compression)
        stream = io.BufferedReader(unpacked, _PEEK_BYTES)
        yield from _Reading(stream, part, unpacked).blocks()
    else:
        yield from _Reading(file, part, None).blocks()


class _Reading:
    """The reading of one stream: the position, and the header of Zeek's table if it is in one."""

    def __init__(self, stream: Stream, part: Range, unpacked: Unpacked | None) -> None:
        self._stream, self._part, self._unpacked = stream, part, unpacked
        self._table: ZeekTable | None = None
        self._line = 0
        self._offset = part.start
        self._is_reported = False

    def blocks(self) -> Iterator[Block]:
        if self._part.start:
            self._seek()
        else:
            yield from self._document()
        while data := self._read():
            yield self._block(data)
        yield from self._cut()

    def _cut(self) -> Iterator[Block]:
        """Report a file that cannot be unpacked to its end, unless its last line did."""
        if self._unpacked is not None and self._unpacked.fault and not self._is_reported:
            self._line += 1
            yield block_of([self._entry(b"", None, self._unpacked.fault)], self._line)

    def _seek(self) -> None:
        """Go to the first line that begins in the range, and take over its header."""
        if self._part.header:
            self._table = ZeekTable()
            for line in self._part.header.splitlines():
                self._table.read_header(line)
        self._stream.seek(self._part.start - 1)
        while (skipped := self._stream.readline(_PEEK_BYTES)) and not skipped.endswith(b"\n"):
            pass
        self._offset = self._stream.tell()

    def _read(self) -> bytes:
        """Read the next whole lines of the range; the last one may be cut at its maximum."""
        size = min(_BLOCK_BYTES, MAX_LINE_BYTES)
        if self._part.end is not None:
            size = min(size, self._part.end - self._offset)
        data = self._stream.read(max(size, 0))
        if not data or data.endswith(b"\n"):
            return data
        tail = len(data) - data.rfind(b"\n") - 1
        return data + self._stream.readline(MAX_LINE_BYTES - tail)

    def _block(self, data: bytes) -> Block:
        texts = data.split(b"\n")
        is_ended = not texts[-1]
        if is_ended:
            texts.pop()
        lines = Lines(texts, self._line + 1, self._offset)
        is_plain = self._table is None and HEADER not in data
        items = lines.objects() if is_plain else [None] * len(texts)
        others = self._others(lines, items, is_ended)
        self._line, self._offset = lines.last_line, lines.offset + len(data)
        if not is_ended and len(texts[-1]) == MAX_LINE_BYTES:
            self._skip_line()
        return lines.block(items, others) if is_plain else block_of(others, self._line)

    def _others(self, lines: Lines, items: list[Any], is_ended: bool) -> list[Entry]:
        """Return the entries of the lines without an object."""
        entries: list[Entry] = []
        position, last = lines.offset, len(items) - 1
        for index, text in enumerate(lines.texts) if None in items else ():
            if items[index] is None:
                self._line, self._offset = lines.line + index, position
                is_cut = index == last and not is_ended
                entries += self._entries_of(text if is_cut else text + b"\n")
            position += len(text) + 1
        return entries

    def _skip_line(self) -> None:
        while rest := self._stream.readline(_PEEK_BYTES):
            self._offset += len(rest)
            if rest.endswith(b"\n"):
                return

    def _entries_of(self, raw: bytes) -> Iterator[Entry]:
        start = raw[:1]
        if start == b"{" or self._table is None or start == b"[":
            if raw.startswith(HEADER):
                self._table = ZeekTable()
                yield self._header(raw)
            else:
                yield from self._json(raw)
        elif start == b"#":
            yield self._header(raw)
        else:
            yield self._row(raw)

    def _header(self, raw: bytes) -> Entry:
        assert self._table is not None
        self._table.read_header(raw.rstrip(b"\r\n"))
        return self._entry(raw, BLANK)

    def _row(self, raw: bytes) -> Entry:
        assert self._table is not None
        line = raw.rstrip(b"\r\n")
        if not line.strip():
            return self._entry(raw, BLANK)
        fault = self._fault_of(raw)
        if fault:
            return self._entry(raw, None, fault)
        try:
            return self._entry(raw, self._table.read_row(line))
        except RecordError as error:
            return self._entry(raw, None, str(error))

    def _json(self, raw: bytes) -> Iterator[Entry]:
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError:
            yield self._not_json(raw)
            return
        if value.__class__ is dict and not is_wrapped(value):
            # As an object of a block without a table, which is the rule: without its line feed.
            yield Entry(self._line, self._offset, 0, value, "", raw.removesuffix(b"\n"))
            return
        yield from self._items(raw, value)

    def _items(self, raw: bytes, value: object) -> Iterator[Entry]:
        items = unwrap(value)
        if not items:
            yield self._entry(raw, BLANK)
        for index, item in enumerate(items):
            yield Entry(self._line, self._offset, index, item, "", raw)

    def _not_json(self, raw: bytes) -> Entry:
        if not raw.strip():
            return self._entry(raw, BLANK)
        if self._offset == 0 and raw.startswith(_BOM):
            return next(self._json(raw.removeprefix(_BOM)))
        return self._entry(raw, None, self._fault_of(raw) or _describe(raw))

    def _fault_of(self, raw: bytes) -> str:
        """Return the fault of a line that is too long, or that the end of its file has cut."""
        if raw.endswith(b"\n"):
            return ""
        if len(raw) >= MAX_LINE_BYTES:
            return TOO_LONG
        fault = self._unpacked.fault if self._unpacked is not None else ""
        self._is_reported = bool(fault)
        return fault

    def _entry(self, raw: bytes, item: Any, fault: str = "") -> Entry:
        return Entry(self._line, self._offset, 0, item, fault, raw)

    def _document(self) -> Iterator[Block]:
        """Read a file that is one JSON document over several lines, if it is one."""
        if not may_be_document(self._stream.peek(_PEEK_BYTES)[:_PEEK_BYTES]):
            return
        content = self._stream.read(MAX_LINE_BYTES)
        try:
            value = orjson.loads(content.removeprefix(_BOM))
        except orjson.JSONDecodeError:
            self._stream = io.BufferedReader(_Joined(content, self._stream), _PEEK_BYTES)
            return
        self._line = 1
        entries = self._items(content, value)
        while some := list(islice(entries, _BLOCK_ITEMS)):
            yield block_of(some, self._line)
        self._line = content.count(b"\n")
        self._offset = len(content)


class _Joined(io.RawIOBase):
    """Bytes that were read ahead, followed by the rest of their stream."""

    def __init__(self, start: bytes, rest: Stream) -> None:
        self._parts: list[Any] = [io.BytesIO(start), rest]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while self._parts:
            size: int = self._parts[0].readinto(buffer)
            if size:
                return size
            self._parts.pop(0)
        return 0


def may_be_document(start: bytes) -> bool:
    """Return whether a file with this start may be one JSON document over several lines."""
    text = start.removeprefix(_BOM).lstrip()
    return text.startswith((b"[", b"{")) and not _is_json(text.partition(b"\n")[0])


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _describe(raw: bytes) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return NOT_UTF8
    return NOT_JSON
