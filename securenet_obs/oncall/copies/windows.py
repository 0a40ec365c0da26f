"""Reads a stream of any size in windows whose matches of secrets are whole."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from securenet_obs.oncall.copies.spelled import Match, Spelled
from securenet_obs.probes.logs.files.compression import Readable

_CHUNK = 1024 * 1024
_NEAR = 4_096
"""Bytes before and behind a copy in which the time of its line is searched."""

_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


@dataclass(frozen=True)
class Window:
    """A part of a stream; the next window begins where it ends.

    Args:
        base: offset of the part in the stream.
        data: the part.
        matches: the secrets in it; none continues in the next window.
        line: number of the line in which it begins.
    """

    base: int
    data: bytes = field(repr=False)
    matches: list[Match]
    line: int

    def number_line(self, match: Match) -> int:
        """Return the number of the line of a match."""
        return self.line + self.data.count(b"\n", 0, match.start)


def read_time(data: bytes, match: Match) -> str:
    """Return the time in the line of a match, one before it first; empty without one."""
    begin = data.rfind(b"\n", 0, match.start) + 1
    end = data.find(b"\n", match.end)
    before = data[max(begin, match.start - _NEAR) : match.start]
    behind = data[match.end : min(match.end + _NEAR, end if end >= 0 else len(data))]
    found = _TIME.search(before) or _TIME.search(behind)
    return f"{found[0].decode()}Z" if found else ""


def read_windows(stream: Readable, secrets: Spelled, size: float = math.inf) -> Iterator[Window]:
    """Yield the windows of a stream; together they are all of its bytes.

    Args:
        stream: the stream.
        secrets: the secrets to find.
        size: number of bytes after which no more are read: a process may append faster than that.
    """
    base, held, line = 0, b"", 1
    while base + len(held) < size and (part := stream.read1(_CHUNK)):
        data = held + part
        # A match that begins later may continue in the bytes that are not read yet.
        limit = max(0, len(data) - secrets.longest + 1)
        window = _cut(base, data, limit, line, secrets)
        yield window
        base, held = base + len(window.data), data[len(window.data) :]
        line += window.data.count(b"\n")
    yield _cut(base, held, len(held), line, secrets)


def _cut(base: int, data: bytes, limit: int, line: int, secrets: Spelled) -> Window:
    matches = [match for match in secrets.find(data) if match.start < limit]
    end = max([limit, *(match.end for match in matches)])
    return Window(base, data[:end], matches, line)
