"""Entries: items of the lines of a log, with their places; and ranges of a file's bytes."""

from typing import Any, Final, NamedTuple

BLANK: Final[Any] = object()
"""Item of a line that holds none, and is not at fault."""


class Entry(NamedTuple):
    """Item of a line, or its fault; a line with an envelope has an entry for each of its items.

    Attributes:
        line: number of the line in the file, from 1; in a range, from its start.
        offset: position of the line's first byte in the file, decompressed.
        place: index of the item in the envelope.
        item: the item; None if the line is blank, a header, or at fault.
        fault: reason why the line holds no item.
        raw: the line.
    """

    line: int
    offset: int
    place: int
    item: Any
    fault: str
    raw: bytes

    @property
    def is_blank(self) -> bool:
        """Whether the line is empty, white space, or a header of Zeek's."""
        return self.item is BLANK


class Range(NamedTuple):
    """Bytes of a file from `start` up to `end` (None: its end).

    A line belongs to the range in which its first byte lies. `header` has the lines of the header
    of Zeek's table in which the range begins.
    """

    start: int = 0
    end: int | None = None
    header: bytes = b""


WHOLE = Range()
