"""Partial results of a log: counts of a range of a file, merged exactly with those of others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from securenet_obs.detection.network.counting.facts import FactCounts
from securenet_obs.detection.network.counting.minutes import Fact, Minute
from securenet_obs.detection.network.counting.places import WHOLE_LINE, Place, Places
from securenet_obs.detection.network.counting.sketches import SampledCounts
from securenet_obs.detection.network.quarantine import Quarantined, quarantined_of
from securenet_obs.detection.network.readers.entries import Entry

MAX_QUARANTINED = 1000
"""Quarantined items of a file that are listed, the first ones; all are counted."""

MAX_KEYS = 1000
"""Log types, unknown shapes and reasons that are counted exactly, each."""

MAX_TALKERS = 100_000
"""Addresses whose traffic is counted exactly; of more, a sample is."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
        places: places of the quarantined items, of many more than are listed.
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
    places: Places = field(default_factory=Places)
    total: Minute = field(default_factory=Minute)
    minutes: dict[datetime, Minute] = field(default_factory=dict)

    def add_counts(self, counts: FactCounts, by_minute: bool) -> None:
        """Add the counts of records."""
        self._extend(counts)
        for fact, amounts in counts.groups.items():
            self._add_fact(Fact(*fact), amounts, by_minute)
        for address, events in counts.events.items():
            self.talkers.add(address, events, counts.sent[address])
        self.total.peers.update(counts.events)
        for minute, addresses in counts.peers.items() if by_minute else ():
            if minute is not None:
                self._minute(minute).peers.update(addresses)

    def _extend(self, other: "Partial | FactCounts") -> None:
        """Extend the time span by that of other records."""
        firsts, lasts = (self.first, other.first), (self.last, other.last)
        self.first = min((moment for moment in firsts if moment is not None), default=None)
        self.last = max((moment for moment in lasts if moment is not None), default=None)

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
        self.places.add(place_of(entry, reason))
        if len(self.items) < MAX_QUARANTINED:
            self.items.append(quarantined_of(file, entry, reason))

    def append(self, later: "Partial") -> None:
        """Add the content of the range that follows this one."""
        moved = (item._replace(line=item.line + self.numbered) for item in later.items)
        self.items = [*self.items, *moved][:MAX_QUARANTINED]
        self.places.append(later.places, self.numbered)
        for name in SUMS:
            setattr(self, name, getattr(self, name) + getattr(later, name))
        for name in TABLES:
            getattr(self, name).merge(getattr(later, name))
        self._extend(later)
        self.total.merge(later.total)
        for moment, minute in later.minutes.items():
            self.minutes.setdefault(moment, Minute()).merge(minute)


def place_of(entry: Entry, reason: str) -> Place:
    """Return the place of an entry that is not a record."""
    item = WHOLE_LINE if entry.fault else entry.place
    return Place(entry.line, entry.offset, item, reason)


SUMS = ("lines", "numbered", "records", "quarantined", "blank", "untimed")
"""Names of the numbers that add up when partial results merge."""

TABLES = ("log_types", "shapes", "reasons", "talkers")
"""Names of the counts by key."""


def merge(parts: Mapping[int, Partial]) -> Partial:
    """Return the content of a whole file from those of its ranges, by the start of each."""
    whole = Partial()
    for start in sorted(parts):
        whole.append(parts[start])
    return whole
