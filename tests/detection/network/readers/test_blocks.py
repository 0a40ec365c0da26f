"""Blocks of lines."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.network.readers.blocks import Lines
from tests.detection.network.readers.test_streams import LINES, blocks, kinds, read
from tests.searching import examples


@examples(50)
@given(st.lists(LINES, max_size=12))
def test_a_block_has_the_entries_of_its_lines(lines: list[bytes]) -> None:
    """Objects and other entries, with their places, are those of the lines read one by one."""
    data = b"".join(line + b"\n" for line in lines)
    for block in blocks(data):
        assert all(isinstance(item, dict) for item in block.items)
        assert not any(isinstance(entry.item, dict) for entry in block.others)
        entries = [block.entry(index) for index in range(len(block.items))]
        assert [entry.item for entry in entries] == block.items
    entries = read(data)
    assert [entry.line for entry in entries] == sorted(entry.line for entry in entries)
    for entry in entries:
        assert data[entry.offset :].startswith(entry.raw)


def test_objects_around_a_line_that_is_none_are_kept() -> None:
    """An error of the parser costs its line alone; an envelope is left to be unwrapped."""
    texts = [b'{"a": 1}', b"x", b"", b"7", b'{"log": 1}', b'{"b": 2}', b"{"]
    assert Lines(texts, 1, 0).objects() == [{"a": 1}, None, None, None, None, {"b": 2}, None]


def test_envelopes_and_plain_objects_share_a_block() -> None:
    """In the order of their lines, each item with its place."""
    lines = [b'{"a": 1}', orjson.dumps({"Records": [{"b": 1}, 7, {"b": 2}]}), b"x", b'{"c": 1}']
    (block,) = blocks(b"\n".join(lines))
    assert block.items == [{"a": 1}, {"b": 1}, {"b": 2}, {"c": 1}]
    entries = list(block.entries())
    assert [(entry.line, entry.place) for entry in entries] == [
        (1, 0), (2, 0), (2, 1), (2, 2), (3, 0), (4, 0)
    ]  # fmt: skip
    assert kinds(entries)[3] == {"b": 2}
