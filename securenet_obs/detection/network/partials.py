"""Partial results of a log: what a range of a file holds, merged exactly with the other ranges'."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from securenet_obs.detection.network.ecs.mapping import ANY_OBJECT
from securenet_obs.detection.network.minutes import COUNTS, Minute, minute_of
from securenet_obs.detection.network.quarantine import Quarantined, sample_of, sample_of_item
from securenet_obs.detection.network.readers.entries import WHOLE, Entry, Range
from securenet_obs.detection.network.readers.sources import read_source
from securenet_obs.detection.network.records import Record, normaliser
from securenet_obs.detection.network.sketches import DistinctCount, SampledCounts
from securenet_obs.errors import RecordError

MAX_QUARANTINED = 1000
"""Quarantined items of a file that are listed, the first ones; all are counted."""

MAX_KEYS = 1000
"""Log types, unknown shapes and reasons that are counted exactly, each."""

MAX_TALKERS = 100_000
"""Addresses whose traffic is counted exactly; of more, a sample is."""

_MAX_SHAPE_LENGTH = 500


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

    def add_record(self, record: Record, by_minute: bool) -> None:
        """Add a record."""
        self.records += 1
        self.log_types.add(record.log_type, 1)
        self.total.add(record)
        self._add_talkers(record.fields)
        moment = record.timestamp
        if moment is None:
            self.untimed += 1
            return
        if self.first is None or moment < self.first:
            self.first = moment
        if self.last is None or moment > self.last:
            self.last = moment
        if by_minute:
            self.minutes.setdefault(minute_of(moment), Minute()).add(record)

    def _add_talkers(self, of: Mapping[str, Any]) -> None:
        for side in ("source", "destination"):
            if (address := of.get(f"{side}.ip")) is not None:
                self.talkers.add(address, 1, of.get(f"{side}.bytes", 0))

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
    found = Partial()
    normalise = normaliser().normalise
    for entry in entries:
        found.lines += 1
        found.numbered = entry.line
        if entry.is_blank:
            found.blank += 1
            continue
        if entry.fault:
            found.quarantine(file, entry, entry.fault)
            continue
        try:
            record = normalise(entry.item)
        except RecordError as error:
            found.quarantine(file, entry, str(error))
            continue
        found.add_record(record, by_minute)
        if record.log_type == ANY_OBJECT:
            found.shapes.add(shape_of(entry.item), 1)
    return found


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
