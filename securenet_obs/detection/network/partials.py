"""Partial results of a log: counts of a range of a file, merged exactly with those of others."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from securenet_obs.detection.network.columns import NotUniformError
from securenet_obs.detection.network.ecs.mapping import ANY_OBJECT
from securenet_obs.detection.network.facts import FactCounts
from securenet_obs.detection.network.minutes import (
    COUNTS,
    METRIC_FIELDS,
    Fact,
    Minute,
)
from securenet_obs.detection.network.quarantine import Quarantined, sample_of, sample_of_item
from securenet_obs.detection.network.readers.entries import BLANK, WHOLE, Entry, Range
from securenet_obs.detection.network.readers.sources import read_source
from securenet_obs.detection.network.records import NOT_AN_OBJECT, Normaliser
from securenet_obs.detection.network.sketches import DistinctCount, SampledCounts
from securenet_obs.errors import RecordError

MAX_QUARANTINED = 1000
"""Quarantined items of a file that are listed, the first ones; all are counted."""

MAX_KEYS = 1000
"""Log types, unknown shapes and reasons that are counted exactly, each."""

MAX_TALKERS = 100_000
"""Addresses whose traffic is counted exactly; of more, a sample is."""

_MAX_SHAPE_LENGTH = 500
_MAX_COUNTS = 100_000
_STEP = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHUNK_ENTRIES = 500
_CHUNK_BYTES = 4 * 1024 * 1024
_MIN_COLUMN = 8
_ITEM = 3


def _counted() -> SampledCounts:
    return SampledCounts(MAX_KEYS)


@dataclass
class Partial:
    """The content of a log, or of a range of it.

    Attributes:
        lines: items and lines without one: records + quarantined + blank.
        numbered: lines of the file; an envelope with several items is one line.
        records: items that became records.
        quarantined: items and lines that did not.
        blank: lines that are empty, white space, or a header.
        untimed: records without a time.
        first: time of the earliest record.
        last: time of the latest record.
        log_types: records by log type.
        shapes: records of no known log type, by their names.
        reasons: quarantined items by reason.
        talkers: events and bytes sent, by address.
        items: the first quarantined items.
        total: metrics of all records.
        minutes: metrics of the records with a time, by minute; empty unless asked for.
    """

    lines: int = 0
    numbered: int = 0
    records: int = 0
    quarantined: int = 0
    blank: int = 0
    untimed: int = 0
    first: datetime | None = None
    last: datetime | None = None
    log_types: SampledCounts = field(default_factory=_counted)
    shapes: SampledCounts = field(default_factory=_counted)
    reasons: SampledCounts = field(default_factory=_counted)
    talkers: SampledCounts = field(default_factory=lambda: SampledCounts(MAX_TALKERS))
    items: list[Quarantined] = field(default_factory=list)
    total: Minute = field(default_factory=Minute)
    minutes: dict[datetime, Minute] = field(default_factory=dict)

    def add_counts(self, counts: FactCounts, by_minute: bool) -> None:
        """Add the counts of records."""
        ends = [moment for moment in (self.first, counts.first) if moment is not None]
        self.first = min(ends, default=None)
        ends = [moment for moment in (self.last, counts.last) if moment is not None]
        self.last = max(ends, default=None)
        for fact, amounts in counts.groups.items():
            self._add_fact(Fact(*fact), amounts, by_minute)
        for address, events in counts.events.items():
            self.talkers.add(address, events, counts.sent[address])
            self.total.peers.add(address)
        if by_minute:
            for minute, address in counts.peers:
                if minute is not None:
                    self._minute(minute).peers.add(address)

    def _add_fact(self, fact: Fact, amounts: Sequence[int], by_minute: bool) -> None:
        """Add records with equal facts: their number, bytes sent, received, and both."""
        records, *_ = amounts
        self.records += records
        self.log_types.add(fact.log_type, records)
        self.total.add_fact(fact, *amounts)
        if fact.minute is None:
            self.untimed += records
        elif by_minute:
            self._minute(fact.minute).add_fact(fact, *amounts)

    def _minute(self, number: int) -> Minute:
        start = _EPOCH + timedelta(minutes=number)
        found = self.minutes.get(start)
        if found is None:
            found = self.minutes[start] = Minute()
        return found

    def quarantine(self, file: str, entry: Entry, reason: str) -> None:
        """Add an entry that is not a record."""
        self.quarantined += 1
        self.reasons.add(reason, 1)
        if len(self.items) < MAX_QUARANTINED:
            self.items.append(quarantined_of(file, entry, reason))

    def append(self, later: "Partial") -> None:
        """Add the content of the range that follows this one."""
        moved = (item._replace(line=item.line + self.numbered) for item in later.items)
        self.items = [*self.items, *moved][:MAX_QUARANTINED]
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(later, name))
        for name in _TABLES:
            getattr(self, name).merge(getattr(later, name))
        self.first = min((t for t in (self.first, later.first) if t is not None), default=None)
        self.last = max((t for t in (self.last, later.last) if t is not None), default=None)
        self.total.merge(later.total)
        for moment, minute in later.minutes.items():
            self.minutes.setdefault(moment, Minute()).merge(minute)


_SUMS = ("lines", "numbered", "records", "quarantined", "blank", "untimed")
_TABLES = ("log_types", "shapes", "reasons", "talkers")


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


def merge(parts: Mapping[int, Partial]) -> Partial:
    """Return the content of a whole file from those of its ranges, by the start of each."""
    whole = Partial()
    for start in sorted(parts):
        whole.append(parts[start])
    return whole


def shape_of(item: Mapping[str, Any]) -> str:
    """Return the key set of an object as one text."""
    return ", ".join(sorted(item))[:_MAX_SHAPE_LENGTH]


def quarantined_of(file: str, entry: Entry, reason: str) -> Quarantined:
    """Return an entry that is not a record."""
    sample = sample_of(entry.raw) if entry.fault else sample_of_item(entry.item)
    return Quarantined(file, entry.line, entry.offset, entry.place, reason, sample)


def as_json(partial: Partial) -> dict[str, Any]:
    """Return a partial result as JSON values; equal content has equal values in equal order."""
    return {
        **{name: getattr(partial, name) for name in _SUMS},
        **{name: _time_as_json(getattr(partial, name)) for name in ("first", "last")},
        **{name: _table_as_json(getattr(partial, name)) for name in _TABLES},
        "items": [list(item) for item in partial.items],
        "total": _minute_as_json(partial.total),
        "minutes": {
            moment.isoformat(): _minute_as_json(minute)
            for moment, minute in sorted(partial.minutes.items())
        },
    }


def from_json(value: Mapping[str, Any]) -> Partial:
    """Return a partial result from its JSON values."""
    partial = Partial(**{name: value[name] for name in _SUMS})
    for name in ("first", "last"):
        moment = value[name]
        setattr(partial, name, None if moment is None else datetime.fromisoformat(moment))
    for name in _TABLES:
        getattr(partial, name).merge_rows(value[name]["rows"], value[name]["is_sample"])
    partial.items = [Quarantined(*item) for item in value["items"]]
    partial.total = _minute_from_json(value["total"])
    for moment, minute in value["minutes"].items():
        partial.minutes[datetime.fromisoformat(moment)] = _minute_from_json(minute)
    return partial


def _time_as_json(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _table_as_json(table: SampledCounts) -> dict[str, Any]:
    return {"rows": [list(row) for row in table.rows()], "is_sample": table.is_sample}


def _minute_as_json(minute: Minute) -> list[Any]:
    return [*minute.counts().values(), b64encode(minute.peers.to_bytes()).decode()]


def _minute_from_json(value: list[Any]) -> Minute:
    *counts, peers = value
    named = dict(zip(COUNTS, counts, strict=True))
    return Minute(**named, peers=DistinctCount(b64decode(peers)))
