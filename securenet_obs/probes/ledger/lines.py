"""Balance of log lines: written = read + lost + missing, by service and slices of ten seconds."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from redis import Redis

from securenet_obs.probes.ledger.counts import (
    SLICE_CHARACTERS,
    Counted,
    parse_slice,
    read_counts,
)
from securenet_obs.probes.logs.files.batches import Batch
from securenet_obs.probes.logs.files.sequence import LogReading, ReadPlain, read_alone
from securenet_obs.probes.logs.records.decoding import decode_lines

Read = Counter[tuple[str, str]]
"""Slice and service -> number of lines that were read."""


@dataclass(frozen=True)
class LineBalance:
    """Outcomes of the log lines with a timestamp in a period."""

    counted: Counted
    read: Read

    @property
    def missing(self) -> dict[tuple[str, str], int]:
        """Slice and service -> number of lines that were written, and are in no file."""
        found = {key: self._expected(key) - self.read[key] for key in sorted(self.counted)}
        return {key: number for key, number in found.items() if number > 0}

    @property
    def missing_count(self) -> int:
        """Number of missing lines."""
        return sum(self.missing.values())

    @property
    def others(self) -> Counter[str]:
        """Lines that were read of services without counts: other producers."""
        services = {service for _, service in self.counted}
        found: Counter[str] = Counter()
        for (_, service), number in self.read.items():
            if service not in services:
                found[service] += number
        return found

    def tabulate(self) -> list[dict[str, str | int]]:
        """Return a row for each service that counts its lines.

        `uncounted` are lines that were read and no process has counted: one that is killed does
        not count those of its last five seconds. written + uncounted = read + lost + missing.
        """
        rows: dict[str, Counter[str]] = {}
        for key in self.counted.keys() | self.read.keys():
            surplus = max(0, self.read[key] - self._expected(key))
            rows.setdefault(key[1], Counter()).update(
                written=self._count(key, "written"),
                read=self.read[key],
                lost=self._count(key, "lost"),
                missing=self.missing.get(key, 0),
                uncounted=surplus,
            )
        services = sorted({service for _, service in self.counted})
        return [{"service": service, **rows[service]} for service in services]

    def _expected(self, key: tuple[str, str]) -> int:
        return self._count(key, "written") - self._count(key, "lost")

    def _count(self, key: tuple[str, str], outcome: str) -> int:
        counts = self.counted.get(key)
        return counts[outcome] if counts else 0


def read_lines(results: Redis, sources: Sequence[str], since: str, until: str) -> LineBalance:
    """Return the balance of the lines of the slices from `since`, and before `until`.

    The counts first: a line that is written meanwhile is read, too.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    counted = read_counts(results, "lines", since, until)
    return LineBalance(counted, count_lines(sources, since, until))


def count_lines(sources: Sequence[str | Path], since: str, until: str) -> Read:
    """Count the lines of these slices in log files and their rotations, each file once.

    A line counts if it is a whole JSON object with `timestamp` and `service`. A plain file that was
    written last before the period is not read.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    found: Read = Counter()
    reading = LogReading(*sources, read_plain=_read_since(since))
    for _, part in reading.read():
        if isinstance(part, Batch):
            found.update(_identify_lines(part.content))
    return Counter({key: number for key, number in found.items() if since <= key[0] < until})


def _read_since(since: str) -> ReadPlain:
    """Return a reader of plain files that leaves out those without a line since a slice."""
    begins_at = parse_slice(since)

    def read_plain(file: Any, size: int) -> Iterator[Any]:
        if os.fstat(file.fileno()).st_mtime >= begins_at:
            yield from read_alone(file, size)

    return read_plain


def _identify_lines(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield slice and service of each line that has both."""
    for record in decode_lines(content).records:
        timestamp, service = record.get("timestamp"), record.get("service")
        if isinstance(timestamp, str) and isinstance(service, str):
            slice_name = _find_slice(timestamp)
            if slice_name:
                yield slice_name, service


def _find_slice(timestamp: str) -> str:
    """Return the slice of an ISO time, empty if it is not one with a zone."""
    if timestamp.endswith("Z"):
        return timestamp[:SLICE_CHARACTERS]
    try:
        at = datetime.fromisoformat(timestamp)
    except ValueError:
        return ""
    return "" if at.tzinfo is None else at.astimezone(UTC).isoformat()[:SLICE_CHARACTERS]
