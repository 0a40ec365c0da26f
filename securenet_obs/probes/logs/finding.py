"""Finds log lines by time, level and fields, each with its file and number; no DataFrame."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from securenet_obs.probes.logs.following import read_time
from securenet_obs.probes.logs.lines import LineReading
from securenet_obs.probes.logs.records.gathering import GatheredRange

LEVELS = ("debug", "info", "warning", "error", "critical")
"""The levels, least severe first; a line with another level is as severe as can be."""


@dataclass(frozen=True)
class Wanted:
    """The lines to find.

    Attributes:
        since: time of the oldest line; None for any. A line without a time is always in time.
        until: time of the newest line; None for any.
        level: least severe level.
        fields: values that a line must have, as text.
    """

    since: datetime | None = None
    until: datetime | None = None
    level: str = LEVELS[0]
    fields: Mapping[str, str] | None = None

    def has(self, record: Mapping[str, Any]) -> bool:
        """Return whether a record is one of the lines to find."""
        level = str(record.get("level", "")).lower()
        if level in LEVELS and LEVELS.index(level) < LEVELS.index(self.level):
            return False
        fields = (self.fields or {}).items()
        if any(str(record.get(name)) != value for name, value in fields):
            return False
        at = read_time(dict(record))
        if at is None:
            return True
        is_late_enough = self.since is None or at >= self.since
        return is_late_enough and (self.until is None or at <= self.until)


@dataclass(frozen=True)
class FoundLine:
    """A line that was found.

    Attributes:
        file: its file.
        number: its number in the file, counted from 1.
        record: its object.
    """

    file: str
    number: int
    record: Mapping[str, Any]


@dataclass(frozen=True)
class FoundLines:
    """The newest of the lines that were found, oldest first, and the number of all of them."""

    lines: Sequence[FoundLine]
    total: int


def find_lines(*sources: str | Path, wanted: Wanted, limit: int) -> FoundLines:
    """Return the last lines of some sources that are wanted, ordered by time.

    Args:
        sources: files, folders or globs; rotations are read, too.
        wanted: the lines to find.
        limit: maximum number of lines that are returned.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    total, by_file = 0, dict[str, deque[FoundLine]]()
    for line in _read(*sources):
        if wanted.has(line.record):
            total += 1
            by_file.setdefault(line.file, deque(maxlen=limit)).append(line)
    found = [line for lines in by_file.values() for line in lines]
    # Times of one format; a line without a time keeps its place before the others.
    found.sort(key=lambda line: str(line.record.get("timestamp", "")))
    return FoundLines(found[-limit:], total)


def _read(*sources: str | Path) -> Iterator[FoundLine]:
    for part in LineReading(*sources).read():
        if isinstance(part.records, GatheredRange):
            continue
        for position, record in zip(part.positions, part.records.records, strict=True):
            yield FoundLine(part.file, part.first + position, record)
