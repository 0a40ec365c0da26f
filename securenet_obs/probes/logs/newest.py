"""Reads the newest lines of each live log: their records, and the format that is written now."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from securenet_obs.probes.logs.files.rotations import parse_log_name
from securenet_obs.probes.logs.files.sources import find_log_files

TAIL_BYTES = 256 * 1024
"""Number of bytes that are read from a file's end by default."""

_COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
_CONSOLE = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S* \[(?:debug|info|warning|error|crit)")

Record = dict[str, Any]


@dataclass(frozen=True)
class NewestLines:
    """The newest lines of one live log, the oldest of them first.

    Args:
        file: path of the log.
        lines: the lines, without blank ones and without an unfinished last one.
        service: service of the last record in the file's tail; else the file's stem.
    """

    file: str
    lines: tuple[bytes, ...]
    service: str

    @cached_property
    def records(self) -> list[Record | None]:
        """The record of each line; None for a line that is not a JSON object."""
        return [parse_record(line) for line in self.lines]

    @property
    def rejected(self) -> int:
        """Number of the lines that are not a JSON object."""
        return self.records.count(None)

    @property
    def valid_since(self) -> int:
        """Number of records after the last rejected line."""
        return next(
            (count for count, row in enumerate(reversed(self.records)) if row is None),
            len(self.records),
        )

    @property
    def is_console(self) -> bool:
        """Whether the lines after the last record are in the console format."""
        last = max((index for index, row in enumerate(self.records) if row is not None), default=-1)
        return any(map(is_console_line, self.lines[last + 1 :]))

    @property
    def foreign(self) -> int:
        """Number of rejected lines among the records since the console format ended, if ever."""
        consoles = [index for index, line in enumerate(self.lines) if is_console_line(line)]
        if not consoles:
            return self.rejected
        later = self.records[consoles[-1] + 1 :]
        first = next((index for index, row in enumerate(later) if row is not None), len(later))
        return later[first:].count(None)


def parse_record(line: bytes) -> Record | None:
    """Return a line's JSON object; None if it is not one."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return record if isinstance(record, dict) else None


def is_console_line(line: bytes) -> bool:
    """Return whether a line begins as LOG_FORMAT=console writes it: a time, then a level."""
    return _CONSOLE.match(_COLOUR.sub(b"", line)) is not None


def read_newest_lines(
    source: str | Path, count: int, *, tail_bytes: int = TAIL_BYTES
) -> list[NewestLines]:
    """Return the newest lines of each log of a source; rotations and compressed files are left out.

    Args:
        source: a file, a folder or a glob.
        count: maximum number of lines of each log.
        tail_bytes: maximum number of bytes that are read from each file's end.

    Raises:
        SettingsError: no source was given.
        NotFoundError: the source does not exist, or holds no log file.
    """
    return [_read(path, count, tail_bytes) for path in find_log_files(source) if _is_live(path)]


def _is_live(path: Path) -> bool:
    name = parse_log_name(path.name)
    return not name.is_rotation and not name.is_compressed


def _read(path: Path, count: int, tail_bytes: int) -> NewestLines:
    lines = _read_tail(path, tail_bytes)
    services = (row["service"] for row in _records_backwards(lines) if row.get("service"))
    return NewestLines(str(path), tuple(lines[-count:]), str(next(services, path.stem)))


def _read_tail(path: Path, tail_bytes: int) -> list[bytes]:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        start = max(0, size - tail_bytes)
        file.seek(start)
        content = file.read(size - start)
    whole = content[: content.rfind(b"\n") + 1].split(b"\n")
    return [line for line in whole[1 if start else 0 :] if line.strip()]


def _records_backwards(lines: list[bytes]) -> Iterator[Record]:
    return (row for line in reversed(lines) if (row := parse_record(line)) is not None)
