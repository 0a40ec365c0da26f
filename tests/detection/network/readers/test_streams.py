"""Streams as entries."""

import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.network.readers import streams
from securenet_obs.detection.network.readers.blocks import Block
from securenet_obs.detection.network.readers.entries import WHOLE, Entry, Range
from securenet_obs.detection.network.readers.ranges import ranges_at
from securenet_obs.detection.network.readers.streams import NOT_JSON, NOT_UTF8, read_stream
from tests.detection.network.readers.test_zeek_tsv import HEADER
from tests.detection.network.recorded import content, needs_recorded_logs, recorded_logs
from tests.searching import examples

ZEEK = b"\n".join(HEADER) + b"\n"
ROW = b"1.5\tC1\t53\tT\ta,b\t1.0\t-\n"


def read(data: bytes, part: Range = WHOLE) -> list[Entry]:
    """Return the entries of a stream."""
    return [entry for block in blocks(data, part) for entry in block.entries()]


def blocks(data: bytes, part: Range = WHOLE) -> list[Block]:
    """Return the blocks of a stream."""
    return list(read_stream(io.BufferedReader(io.BytesIO(data)), part))


def kinds(entries: list[Entry]) -> list[Any]:
    """Return each entry's item, `blank`, or its fault."""
    return ["blank" if e.is_blank else e.fault or e.item for e in entries]


def test_each_line_is_an_item_blank_or_at_fault() -> None:
    """Places are the number and the offset of the line."""
    data = b'{"a": 1}\n\n  \r\nnot json\n\xff\n[1, 2]\n7'
    entries = read(data)
    assert kinds(entries) == [{"a": 1}, "blank", "blank", NOT_JSON, NOT_UTF8, 1, 2, 7]
    assert [entry.line for entry in entries] == [1, 2, 3, 4, 5, 6, 6, 7]
    assert [entry.place for entry in entries] == [0, 0, 0, 0, 0, 0, 1, 0]
    for entry in entries:
        assert data[entry.offset :].startswith(entry.raw)


def test_a_document_over_several_lines_is_read() -> None:
    """An array, CloudTrail's records, or one object, as a person would print it."""
    records = [{"a": 1}, {"b": [2]}]
    assert kinds(read(json.dumps(records, indent=2).encode())) == records
    assert kinds(read(b"\n" + json.dumps({"Records": records}, indent=1).encode())) == records
    assert kinds(read(b"\xef\xbb\xbf" + json.dumps(records[0], indent=1).encode())) == [{"a": 1}]


def test_lines_after_a_broken_first_line_are_read() -> None:
    """A first line that is cut does not make the file a document."""
    assert kinds(read(b'{"a": \n{"b": 1}\n')) == [NOT_JSON, {"b": 1}]


def test_a_byte_order_mark_is_skipped() -> None:
    """Editors of Windows write one."""
    assert kinds(read(b'\xef\xbb\xbf{"a": 1}\n{"b": 1}\n')) == [{"a": 1}, {"b": 1}]


def test_zeek_tables_may_be_mixed_with_json() -> None:
    """Header lines hold no record; the rows after a header follow it."""
    entries = read(b'{"a": 1}\n' + ZEEK + ROW + b'{"b": 1}\n' + b"x\n" + b"#close\tx\n" + b"\n")
    items = kinds(entries)
    assert items[0] == {"a": 1}
    assert items[1:8] == ["blank"] * 7
    assert items[8]["uid"] == "C1"
    assert items[9:] == [
        {"b": 1},
        "1 fields differ in number from the header's 7",
        "blank",
        "blank",
    ]


def test_an_object_has_the_same_line_beside_a_table() -> None:
    """An object in the block of a table's header had its line feed, and any other one had none."""
    first, *_ = read(b'{"a": 1}\n' + ZEEK)
    assert first.raw == next(iter(read(b'{"a": 1}\n'))).raw == b'{"a": 1}'


def test_a_line_that_is_too_long_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one entry, of bounded size, and the next line is read."""
    monkeypatch.setattr(streams, "MAX_LINE_BYTES", 100)
    entries = read(b'{"a": 1}\n"' + b"x" * 100_000 + b'"\n{"b": 1}\n')
    assert kinds(entries) == [{"a": 1}, streams.TOO_LONG, {"b": 1}]
    assert len(entries[1].raw) == 100
    assert [entry.line for entry in entries] == [1, 2, 3]


def test_the_cut_end_of_a_compressed_file_is_an_entry() -> None:
    """The last line is at fault, or there is an entry for the fault itself."""
    packed = gzip.compress(b"".join(b'{"a": %d}\n' % n for n in range(20_000)))
    *entries, last = read(packed[: len(packed) * 3 // 4])
    assert len(entries) > 5000
    assert all(not entry.fault for entry in entries)
    assert last.fault.startswith("truncated gzip")


LINES = st.sampled_from(
    [b'{"a": 1}', b"", b"  ", b"[1, 2]", b"[]", b"x", b"\xff", b'{"Records": [{}]}',
     b"#separator \\x09",
     b"#fields\tts\tuid", b"1\t2", b"#close", b"#types\tcount", b"null", b"{", b"[", b"{}", b'"t"']
)  # fmt: skip


@examples(50)
@given(st.lists(LINES, max_size=12), st.sampled_from([b"\n", b"\r\n"]), st.data())
def test_ranges_hold_each_line_once(lines: list[bytes], newline: bytes, data: Any) -> None:
    """Ranges that cover a file hold its lines, wherever they are divided."""
    content = newline.join(lines)
    whole = read(content)
    if whole and whole[0].raw.count(b"\n") > 1:
        return  # One document: it is not divided.
    positions = data.draw(st.sets(st.integers(1, max(1, len(content))), max_size=3))
    parts = [read(content, part) for part in ranges_at(content, sorted(positions))]
    assert [(e.offset, e.raw) for part in parts for e in part] == [(e.offset, e.raw) for e in whole]
    assert kinds([entry for part in parts for entry in part]) == kinds(whole)


@needs_recorded_logs
@pytest.mark.parametrize("path", recorded_logs(), ids=lambda path: path.name)
def test_recorded_logs_are_read_to_their_end(path: Any) -> None:
    """Each line has an entry, whose offset is that of the line."""
    entries = read(path.read_bytes())
    if path.name.endswith("corrupt.gz"):
        assert entries[-1].fault.startswith("truncated gzip")
        return
    data = content(path)
    assert len({entry.offset for entry in entries}) == len(data.splitlines())
    assert all(data[entry.offset :].startswith(entry.raw) for entry in entries)
