"""Places of the quarantined items of a file, in a few bytes each, with their reasons."""

import struct
import zlib
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from operator import sub
from typing import Any, NamedTuple

MAX_PLACES = 1_000_000
"""Places that are kept, the first ones of a file; items at others cannot be replayed."""

WHOLE_LINE = -1
"""Index of an item of which the whole line is at fault: it may hold any number of items."""


class Place(NamedTuple):
    """Place of a quarantined item.

    Attributes:
        line: number of the line in the file, from 1; in a range, from its start.
        offset: position of the line's first byte in the file, decompressed.
        item: index of the item in the line's envelope, or `WHOLE_LINE`.
        reason: reason for which it is in quarantine.
    """

    line: int
    offset: int
    item: int
    reason: str


class Places:
    """The first places of quarantined items, in the order of the file."""

    def __init__(self, places: Iterable[Place] = ()) -> None:
        self._reasons: dict[str, int] = {}
        self._columns = tuple(array("q") for _ in range(4))
        for place in places:
            self.add(place)

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self._columns[0])

    def __iter__(self) -> Iterator[Place]:
        """Yield the places in order."""
        names = list(self._reasons)
        for line, offset, item, reason in zip(*self._columns, strict=True):
            yield Place(line, offset, item, names[reason])

    def __eq__(self, other: object) -> bool:
        """Return whether the other object has equal places."""
        return isinstance(other, Places) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def add(self, place: Place) -> None:
        """Add the next place, unless `MAX_PLACES` are kept."""
        if len(self) < MAX_PLACES:
            number = self._reasons.setdefault(place.reason, len(self._reasons))
            for column, value in zip(self._columns, (*place[:3], number), strict=True):
                column.append(value)

    def append(self, later: "Places", lines: int) -> None:
        """Add the places of the part of the file that follows this many lines."""
        for place in later:
            self.add(place._replace(line=place.line + lines))

    def as_json(self) -> list[Any]:
        """Return the reasons, the number of places, and the places as compressed text."""
        steps = chain.from_iterable(map(_steps, self._columns))
        content = struct.pack(f"<{4 * len(self)}q", *steps)
        return [list(self._reasons), len(self), b64encode(zlib.compress(content)).decode()]

    @classmethod
    def from_json(cls, value: Sequence[Any]) -> "Places":
        """Return places from their JSON values."""
        reasons, count, text = value
        steps = struct.unpack(f"<{4 * count}q", zlib.decompress(b64decode(text)))
        places = cls()
        places._reasons = {reason: number for number, reason in enumerate(reasons)}
        places._columns = tuple(
            array("q", accumulate(steps[number * count : (number + 1) * count]))
            for number in range(4)
        )
        return places


def _steps(column: Sequence[int]) -> Iterator[int]:
    """Yield the differences of neighbours, which compress well."""
    return map(sub, column, chain((0,), column))
