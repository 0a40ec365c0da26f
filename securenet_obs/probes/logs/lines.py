"""Reads log sources as decoded batches; collects and reports rejected lines and pending files."""

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from securenet_obs.probes.logs.files.batches import Batch, Fault
from securenet_obs.probes.logs.files.sequence import STDIN, LogReading, ReadPlain
from securenet_obs.probes.logs.files.sources import Skipped, is_pipe
from securenet_obs.probes.logs.files.writers import WriterDetector
from securenet_obs.probes.logs.records.decoding import Decoded, decode_lines
from securenet_obs.probes.logs.records.gathering import GatheredRange

MAX_REJECTED = 100_000
"""Number of rejected lines that are listed; more are only counted."""


class RejectedLines:
    """File, number and reason of lines that are not a JSON object, in the order of reading.

    The first `MAX_REJECTED` are listed, and all are counted: there may be as many as bytes. Files
    and reasons are indexes into `names` and `texts`.
    """

    def __init__(self) -> None:
        self.count = 0
        self.files: array[int] = array("i")
        self.numbers: array[int] = array("q")
        self.reasons: array[int] = array("i")
        self._names: dict[str, int] = {}
        self._texts: dict[str, int] = {}

    def __iter__(self) -> Iterator[tuple[str, int, str]]:
        """Iterate over the listed lines."""
        names, texts = self.names, self.texts
        rows = zip(self.files, self.numbers, self.reasons, strict=True)
        return ((names[file], number, texts[reason]) for file, number, reason in rows)

    @property
    def names(self) -> list[str]:
        """The different files."""
        return list(self._names)

    @property
    def texts(self) -> list[str]:
        """The different reasons."""
        return list(self._texts)

    def extend(self, file: str, first: int, rejected: Sequence[tuple[int, str]]) -> None:
        """Add lines of a file, given by their distance from the line `first`."""
        self.count += len(rejected)
        listed = rejected[: MAX_REJECTED - len(self.numbers)]
        if not listed:
            return
        name = self._names.setdefault(file, len(self._names))
        texts = self._texts
        self.numbers.extend([first + position for position, _ in listed])
        self.reasons.extend([texts.setdefault(reason, len(texts)) for _, reason in listed])
        self.files.extend([name] * len(listed))

    def remove(self, file: str, number: int) -> None:
        """Remove a line."""
        self.count -= 1
        line = self._names.get(file), number
        for index in range(len(self.numbers) - 1, -1, -1):
            if (self.files[index], self.numbers[index]) == line:
                for column in (self.files, self.numbers, self.reasons):
                    del column[index]
                return


class DecodedPart(NamedTuple):
    """The records of lines of a file; `positions` are distances from the line `first`."""

    file: str
    first: int
    positions: Sequence[int]
    records: Decoded | GatheredRange


class LineReading:
    """One reading of the lines of log sources; the results are complete when it has ended."""

    def __init__(self, *sources: str | Path, read_plain: ReadPlain | None = None) -> None:
        """Search for the files; `read_plain` may gather the records of a range elsewhere.

        Raises:
            SettingsError: no source was given.
            NotFoundError: a source does not exist, or holds no log file.
        """
        self.rejected = RejectedLines()
        self.pending: list[str] = []
        self._reading = LogReading(*sources, read_plain=read_plain)

    @property
    def skipped(self) -> list[Skipped]:
        """The files that are not read, each with the reason."""
        return self._reading.skipped

    def read(self) -> Iterator[DecodedPart]:
        """Yield the lines of each file in order, decoded.

        A last line that is cut off is pending if its file is being written, and rejected if not.
        """
        writers, cut = WriterDetector(), {}
        for path, part in self._reading.read():
            name = str(path)
            if isinstance(part, Fault):
                self.rejected.extend(name, part.number, [(0, part.reason)])
                continue
            records = part if isinstance(part, GatheredRange) else decode_lines(part.content)
            self.rejected.extend(name, part.first, records.rejected)
            is_cut = isinstance(part, Batch) and part.is_cut and records.rejected
            if is_cut and name != STDIN and not is_pipe(path):
                writers.observe(path)
                cut[path] = part.first
            yield DecodedPart(name, part.first, records.positions, records)
        written = writers.find_written()
        for path, number in cut.items():
            if path in written:
                self.rejected.remove(str(path), number)
                self.pending.append(str(path))


def build_report(
    valid: int, count: int, rejected: Any, pending: Any, skipped: Any
) -> dict[str, Any]:
    """Return the result of a reading as plain data, for JSON; `total` - `valid` are rejected.

    Args:
        valid: number of records.
        count: number of rejected lines, of which `rejected` has the first.
        rejected: file, number and reason of each.
        pending: names of files with an unfinished last line.
        skipped: name of each file that is not read, and the reason.
    """
    lines = [
        {"file": str(file), "line": int(line), "reason": str(reason)}
        for file, line, reason in rejected
    ]
    return {
        "total": valid + count,
        "valid": valid,
        "rejected": lines,
        "pending": list(pending),
        "skipped": [{"file": str(file), "reason": str(reason)} for file, reason in skipped],
    }
