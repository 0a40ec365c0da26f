"""Judges quarantined items of a file again, whose lines were read again: some are records now."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from securenet_obs.detection.network.batch import OVERFLOW, Batch
from securenet_obs.detection.network.counting.analysis import metrics_normaliser, shape_of
from securenet_obs.detection.network.counting.facts import FactCounts
from securenet_obs.detection.network.counting.partials import (
    MAX_QUARANTINED,
    Partial,
    place_of,
)
from securenet_obs.detection.network.counting.places import WHOLE_LINE, Place, Places
from securenet_obs.detection.network.ecs.mapping import ANY_OBJECT
from securenet_obs.detection.network.quarantine import Quarantined, quarantined_of
from securenet_obs.detection.network.readers.entries import Entry
from securenet_obs.errors import RecordError

_Read = tuple[Place, Entry]


@dataclass
class Rejudged:
    """Places that were read again, and the present judgement of their entries.

    A place whose item cannot be found any more is not among them: it stays as it is.

    Attributes:
        taken: the places.
        entries: each entry with its place, in the order of the file.
        batch: the records, each with the index of its entry.
        reasons: index of an entry that is not a record -> the reason.
        blank: number of entries that are blank.
    """

    taken: list[Place] = field(default_factory=list)
    entries: list[_Read] = field(default_factory=list)
    batch: Batch = field(default_factory=Batch)
    reasons: dict[int, str] = field(default_factory=dict)
    blank: int = 0

    def add(self, places: Iterable[Place], entries: list[Entry]) -> None:
        """Judge the entries of a line at its places in quarantine."""
        for place in places:
            if found := list(_entries_at(place, entries)):
                self.taken.append(place)
                for entry in found:
                    self._judge(place, entry)

    def _judge(self, place: Place, entry: Entry) -> None:
        index = len(self.entries)
        self.entries.append((place, entry))
        if entry.is_blank:
            self.blank += 1
        elif entry.fault:
            self.reasons[index] = entry.fault
        else:
            try:
                self.batch.accepted.append((index, metrics_normaliser().normalise(entry.item)))
            except RecordError as error:
                self.reasons[index] = str(error)

    def changes(self, whole: Partial) -> bool:
        """Return whether a file's content would change: its places, reasons or listed items."""
        are_listed = len(whole.items) >= min(MAX_QUARANTINED, len(whole.places))
        return not are_listed or self._kept_places() != self.taken

    def apply_to(self, whole: Partial, file: str) -> None:
        """Take lines of a file out of quarantine that are records or blank now.

        Call it when the batch is added to the minutes: it has rejected what did not fit.
        """
        self.reasons |= {item.line: OVERFLOW for item in self.batch.quarantined}
        for place in self.taken:
            whole.reasons.subtract(place.reason, 1)
        for reason in self.reasons.values():
            whole.reasons.add(reason, 1)
        whole.lines += len(self.entries) - len(self.taken)
        whole.blank += self.blank
        whole.quarantined += len(self.reasons) - len(self.taken)
        self._count_records(whole)
        whole.places = self._places(whole.places, self._kept_places())
        whole.items = self._items(whole.items, file)

    def _count_records(self, whole: Partial) -> None:
        counts = FactCounts()
        for index, record in self.batch.accepted:
            counts.add(record)
            if record.log_type == ANY_OBJECT:
                whole.shapes.add(shape_of(self.entries[index][1].item), 1)
        whole.add_counts(counts, by_minute=False)

    def _kept_places(self) -> list[Place]:
        return [self._kept(index) for index in sorted(self.reasons)]

    def _kept(self, index: int) -> Place:
        """Return the place of an entry that stays in quarantine."""
        place, entry = self.entries[index]
        return place_of(entry, self.reasons[index])._replace(line=place.line)

    def _places(self, before: Places, kept: list[Place]) -> Places:
        taken = set(self.taken)
        others = (place for place in before if place not in taken)
        return Places(sorted([*others, *kept], key=_position))

    def _items(self, before: list[Quarantined], file: str) -> list[Quarantined]:
        """Return the first items in quarantine with their samples."""
        taken = {(place.offset, max(place.item, 0)) for place in self.taken}
        others = [item for item in before if (item.offset, item.place) not in taken]
        new = []
        for index in sorted(self.reasons)[:MAX_QUARANTINED]:
            place, entry = self.entries[index]
            item = quarantined_of(file, entry, self.reasons[index])
            new.append(item._replace(line=place.line))
        return sorted([*others, *new], key=_listed)[:MAX_QUARANTINED]


def _entries_at(place: Place, entries: list[Entry]) -> Iterator[Entry]:
    if place.item == WHOLE_LINE:
        yield from entries
        return
    # A line that is at fault as a whole has no items; its others are counted already.
    yield from (entry for entry in entries if entry.place == place.item and not entry.fault)


def _position(place: Place) -> tuple[int, int]:
    return place.offset, place.item


def _listed(item: Quarantined) -> tuple[int, int]:
    return item.line, item.place


def places_by_offset(places: Iterable[Place]) -> Mapping[int, list[Place]]:
    """Return the places of each line, by its position."""
    found: dict[int, list[Place]] = {}
    for place in places:
        found.setdefault(place.offset, []).append(place)
    return found
