"""Reads log sources as decoded batches; collects and reports rejected lines and pending files."""

from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from securenet_obs.probes.logs.files.batches import Batch, Fault
from securenet_obs.probes.logs.files.sequence import STDIN, LogReading
from securenet_obs.probes.logs.files.sources import Skipped, is_pipe
from securenet_obs.probes.logs.files.writers import WriterDetector
from securenet_obs.probes.logs.records.decoding import Decoded, decode_lines


class RejectedLines:
    """File, number and reason of each line that is not a JSON object, in the order of reading.

    Files and reasons are indexes into `names` and `texts`: there may be as many lines as bytes.
    """

    def __init__(self) -> None:
        self.files: array[int] = array("i")
        self.numbers: array[int] = array("q")
        self.reasons: array[int] = array("i")
        self._names: dict[str, int] = {}
        self._texts: dict[str, int] = {}

    def __iter__(self) -> Iterator[tuple[str, int, str]]:
        """Iterate over the lines."""
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

    def extend(self, file: str, first: int, rejected: Iterable[tuple[int, str]]) -> None:
        """Add lines of a file, given by their distance from the line `first`."""
        name = self._names.setdefault(file, len(self._names))
        texts = self._texts
        for position, reason in rejected:
            self.files.append(name)
            self.numbers.append(first + position)
            self.reasons.append(texts.setdefault(reason, len(texts)))

    def remove_last(self, file: str) -> None:
        """Remove the last line of a file."""
        index = len(self.files) - 1 - self.files[::-1].index(self._names[file])
        for column in (self.files, self.numbers, self.reasons):
            del column[index]


class DecodedBatch(NamedTuple):
    """The decoded lines of a batch, with the name of their file."""

    file: str
    batch: Batch
    decoded: Decoded


class LineReading:
    """One reading of the lines of log sources; the results are complete when it has ended."""

    def __init__(self, *sources: str | Path) -> None:
        """Search for the files.

        Raises:
            SettingsError: no source was given.
            NotFoundError: a source does not exist, or holds no log file.
        """
        self.rejected = RejectedLines()
        self.pending: list[str] = []
        self._reading = LogReading(*sources)

    @property
    def skipped(self) -> list[Skipped]:
        """The files that are not read, each with the reason."""
        return self._reading.skipped

    def read(self) -> Iterator[DecodedBatch]:
        """Yield the lines of each file in order, decoded.

        A last line that is cut off is pending if its file is being written, and rejected if not.
        """
        writers, cut = WriterDetector(), []
        for path, part in self._reading.read():
            name = str(path)
            if isinstance(part, Fault):
                self.rejected.extend(name, part.number, [(0, part.reason)])
                continue
            decoded = decode_lines(part.content)
            self.rejected.extend(name, part.first, decoded.rejected)
            if part.is_cut and decoded.rejected and name != STDIN and not is_pipe(path):
                writers.observe(path)
                cut.append(path)
            yield DecodedBatch(name, part, decoded)
        written = writers.find_written()
        for path in cut:
            if path in written:
                self.rejected.remove_last(str(path))
                self.pending.append(str(path))


def build_report(valid: int, rejected: Any, pending: Any, skipped: Any) -> dict[str, Any]:
    """Return the result of a reading as plain data, for JSON."""
    lines = [
        {"file": str(file), "line": int(line), "reason": str(reason)}
        for file, line, reason in rejected
    ]
    return {
        "total": valid + len(lines),
        "valid": valid,
        "rejected": lines,
        "pending": list(pending),
        "skipped": [{"file": str(file), "reason": str(reason)} for file, reason in skipped],
    }
