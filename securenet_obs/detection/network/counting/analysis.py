"""Analysis of a log, or of a range of one: one pass that normalises and counts its entries."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from securenet_obs.detection.network.counting.columns import NotUniformError
from securenet_obs.detection.network.counting.facts import FactCounts
from securenet_obs.detection.network.counting.minutes import METRIC_FIELDS
from securenet_obs.detection.network.counting.partials import Partial
from securenet_obs.detection.network.ecs.mapping import ANY_OBJECT
from securenet_obs.detection.network.readers.entries import BLANK, WHOLE, Entry, Range
from securenet_obs.detection.network.readers.sources import read_source
from securenet_obs.detection.network.records import NOT_AN_OBJECT, Normaliser
from securenet_obs.errors import RecordError

_MAX_SHAPE_LENGTH = 500
_MAX_COUNTS = 100_000
_STEP = 16
_CHUNK_ENTRIES = 500
_CHUNK_BYTES = 4 * 1024 * 1024
_MIN_COLUMN = 8
_ITEM = 3


def analyse(path: Path, part: Range = WHOLE, *, by_minute: bool = False) -> Partial:
    """Read a file, or a range of it, in one pass.

    Raises:
        OSError: the file cannot be read.
    """
    return analyse_entries(read_source(str(path), part), str(path), by_minute=by_minute)


def analyse_entries(entries: Iterable[Entry], file: str, *, by_minute: bool = False) -> Partial:
    """Normalise and count entries; `file` is the name that quarantined items carry."""
    analysis = _Analysis(file, by_minute)
    for chunk in _chunks(iter(entries)):
        analysis.add(chunk)
    return analysis.end()


def _chunks(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    """Yield entries in lists of bounded number and size."""
    chunk: list[Entry] = []
    for some in iter(lambda: list(islice(entries, _STEP)), []):
        chunk += some
        size = chunk[-1].offset - chunk[0].offset
        if size > _CHUNK_BYTES or len(chunk) >= _CHUNK_ENTRIES:
            yield chunk
            chunk = []
    yield chunk


class _Analysis:
    """The analysis of one log: its partial result, and counts that are not added yet."""

    def __init__(self, file: str, by_minute: bool) -> None:
        self._file, self._by_minute = file, by_minute
        self._found = Partial()
        self._counts = FactCounts()

    def add(self, chunk: list[Entry]) -> None:
        """Add entries, in the order of their lines."""
        shapes: dict[tuple[str, ...], list[Entry]] = {}
        faults: list[tuple[Entry, str]] = []
        for entry in chunk:
            item = entry[3]
            if item.__class__ is dict:
                names = tuple(item)
                same = shapes.get(names)
                if same is None:
                    shapes[names] = [entry]
                else:
                    same.append(entry)
            elif item is BLANK:
                self._found.blank += 1
            else:
                faults.append((entry, entry.fault or NOT_AN_OBJECT))
        for entries in shapes.values():
            faults += self._add_shape(entries)
        # Of quarantined items the first ones are listed.
        for entry, reason in sorted(faults, key=lambda fault: fault[0][:3]):
            self._found.quarantine(self._file, entry, reason)
        self._found.lines += len(chunk)
        self._found.numbered = chunk[-1].line if chunk else self._found.numbered
        if self._counts.size > _MAX_COUNTS:
            self._flush()

    def _add_shape(self, entries: list[Entry]) -> list[tuple[Entry, str]]:
        """Add records with equal names; return those that are at fault."""
        faults = []
        if len(entries) < _MIN_COLUMN:
            return self._add_each(entries)
        for mapper, some in metrics_normaliser().divide(entries, _ITEM):
            try:
                if mapper is None or mapper.log_type.family == ANY_OBJECT:
                    raise NotUniformError
                self._counts.add_all(mapper, [entry[3] for entry in some])
            except NotUniformError:
                faults += self._add_each(some)
        return faults

    def _add_each(self, entries: list[Entry]) -> list[tuple[Entry, str]]:
        faults = []
        for entry in entries:
            try:
                record = metrics_normaliser().normalise(entry.item)
            except RecordError as error:
                faults.append((entry, str(error)))
                continue
            self._counts.add(record)
            if record.log_type == ANY_OBJECT:
                self._found.shapes.add(shape_of(entry.item), 1)
        return faults

    def _flush(self) -> None:
        self._found.add_counts(self._counts, self._by_minute)
        self._counts = FactCounts()

    def end(self) -> Partial:
        """Return the partial result."""
        self._flush()
        return self._found


@cache
def metrics_normaliser() -> Normaliser:
    """Return this process's normaliser for metrics alone: it maps only the fields they need."""
    return Normaliser(METRIC_FIELDS)


def shape_of(item: Mapping[str, Any]) -> str:
    """Return the key set of an object as one text."""
    return ", ".join(sorted(item))[:_MAX_SHAPE_LENGTH]
