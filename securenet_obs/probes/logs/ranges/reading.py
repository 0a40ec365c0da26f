"""Reads plain log files; a second process gathers a range of a large one meanwhile."""

import io
from collections.abc import Iterator
from subprocess import SubprocessError
from typing import Any, Self

from securenet_obs.probes.logs.files.batches import Batch, Fault, Position, read_batches
from securenet_obs.probes.logs.files.compression import Stream
from securenet_obs.probes.logs.ranges.division import (
    MIN_BYTES,
    ByteRange,
    choose_range,
    count_processors,
)
from securenet_obs.probes.logs.ranges.process import RangeProcess
from securenet_obs.probes.logs.records.gathering import GatheredRange


class RangeReader:
    """Reads files, one after the other; none of its processes is left when it is closed."""

    def __init__(self) -> None:
        self._process: RangeProcess | None = None

    def __enter__(self) -> Self:
        """Return the reader."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the second process."""
        self._end()

    def read(
        self, file: "io.BufferedReader[Any]", size: int
    ) -> Iterator[Batch | Fault | GatheredRange]:
        """Yield the lines of a file as `read_batches`, and those of a range as its records.

        They are those of one process: what a second one does not gather is read here.
        """
        stream = Stream(file, "")
        part = self._start(file.fileno(), size)
        if part is None:
            yield from read_batches(stream, size)
            return
        end = yield from read_batches(stream, part.start)
        gathered = self._take() if end.bytes == part.start else None
        self._end()
        if gathered is not None:
            yield gathered._replace(first=end.lines + 1)
            end = Position(end.lines + gathered.line_count, part.end)
        if end.bytes >= part.start:
            file.seek(end.bytes)
            yield from read_batches(stream, size, end)

    def _start(self, descriptor: int, size: int) -> ByteRange | None:
        """Start the second process if that is worth it; return its range."""
        if size < MIN_BYTES or count_processors() < 2:
            return None
        try:
            part = choose_range(descriptor, size)
            if part is not None:
                self._process = RangeProcess(descriptor, part)
        except (OSError, SubprocessError, ValueError):
            return None
        return part

    def _take(self) -> GatheredRange | None:
        return None if self._process is None else self._process.take()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()
