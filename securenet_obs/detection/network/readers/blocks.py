"""Blocks: many lines of a log at once, parsed together where each of them is a plain object."""

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import accumulate, repeat
from typing import Any, NamedTuple

import orjson

from securenet_obs.detection.network.readers.entries import Entry
from securenet_obs.detection.network.readers.envelopes import WRAPPERS, is_wrapped


class Block(NamedTuple):
    """Consecutive entries of a log: objects, and entries that hold none.

    Attributes:
        items: the objects, in order.
        entry: function that returns the entry of an object by its index; made only for a fault.
        others: the other entries, in order.
        last_line: number of the last line.
    """

    items: list[dict[str, Any]]
    entry: Callable[[int], Entry]
    others: list[Entry]
    last_line: int

    def entries(self) -> Iterator[Entry]:
        """Yield all entries, in the order of their lines."""
        entries = map(self.entry, range(len(self.items)))
        return merge(entries, self.others, key=_place_of) if self.others else entries


def _place_of(entry: Entry) -> tuple[int, int]:
    return entry.line, entry.place


def block_of(entries: Iterable[Entry], last_line: int) -> Block:
    """Return the block of some entries, in order."""
    objects: list[Entry] = []
    others: list[Entry] = []
    for entry in entries:
        (objects if entry.item.__class__ is dict else others).append(entry)
    return Block([entry.item for entry in objects], objects.__getitem__, others, last_line)


class Lines(NamedTuple):
    """Consecutive lines: their texts without line feeds, and the place of the first one."""

    texts: list[bytes]
    line: int
    offset: int

    @property
    def last_line(self) -> int:
        """Number of the last line."""
        return self.line + len(self.texts) - 1

    def objects(self) -> list[Any]:
        """Return the object of each line; None for a line that is none, or may be an envelope."""
        items = _parsed(self.texts)
        if set(map(type, items)) != {dict}:
            items = [item if item.__class__ is dict else None for item in items]
        objects = [item for item in items if item is not None]
        if any(True in map(dict.__contains__, objects, repeat(name)) for name in WRAPPERS):
            return [None if item is None or is_wrapped(item) else item for item in items]
        return items

    def offsets(self) -> Iterator[int]:
        """Yield the position of each line's first byte."""
        return accumulate((len(text) + 1 for text in self.texts[:-1]), initial=self.offset)

    def block(self, items: list[Any], others: list[Entry]) -> Block:
        """Return the block of these lines.

        Args:
            items: their objects, each None if it has an entry.
            others: entries of the other lines, with objects if the lines are envelopes.
        """
        places = [place for place, item in enumerate(items) if item is not None]
        objects = [items[place] for place in places]
        offsets: list[int] = []

        def entry(index: int) -> Entry:
            if not offsets:
                offsets.extend(self.offsets())
            place = places[index]
            line, offset = self.line + place, offsets[place]
            return Entry(line, offset, 0, objects[index], "", self.texts[place])

        block = Block(objects, entry, others, self.last_line)
        if any(other.item.__class__ is dict for other in others):
            return block_of(block.entries(), self.last_line)
        return block


def _parsed(texts: list[bytes]) -> list[Any]:
    """Return the JSON value of each text; None for a text that is not JSON."""
    values: list[Any] = []
    rest = map(orjson.loads, texts)
    while len(values) < len(texts):
        try:
            # It keeps the values before an error; the next call goes on after it.
            values.extend(rest)
        except orjson.JSONDecodeError:
            values.append(None)
    return values
