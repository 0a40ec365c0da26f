"""Analysis of a log, or of a range of one: one pass that normalises and counts its entries."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from securenet_obs.detection.network.counting.columns import NotUniformError
from securenet_obs.detection.network.counting.facts import FactCounts
from securenet_obs.detection.network.counting.minutes import METRIC_FIELDS
from securenet_obs.detection.network.counting.partials import Partial
from securenet_obs.detection.network.ecs.mapping import ANY_OBJECT
from securenet_obs.detection.network.readers.blocks import Block
from securenet_obs.detection.network.readers.entries import BLANK, WHOLE, Entry, Range
from securenet_obs.detection.network.readers.sources import read_blocks
from securenet_obs.detection.network.records import NOT_AN_OBJECT, Normaliser
from securenet_obs.errors import RecordError

_MAX_SHAPE_LENGTH = 500
_MAX_COUNTS = 100_000
_MIN_COLUMN = 8

_Item = dict[str, Any]
_Rejected = tuple[int, str]


def analyse(path: Path, part: Range = WHOLE, *, by_minute: bool = False) -> Partial:
    """Read a file, or a range of it, in one pass.

    Raises:
        OSError: the file cannot be read.
    """
    return analyse_blocks(read_blocks(str(path), part), str(path), by_minute=by_minute)


def analyse_blocks(blocks: Iterable[Block], file: str, *, by_minute: bool = False) -> Partial:
    """Normalise and count the entries of blocks; quarantined items carry the name `file`."""
    analysis = _Analysis(file, by_minute)
    for block in blocks:
        analysis.add(block)
    return analysis.end()


class _Analysis:
    """The analysis of one log: its partial result, and counts that are not added yet."""

    def __init__(self, file: str, by_minute: bool) -> None:
        self._file, self._by_minute = file, by_minute
        self._found = Partial()
        self._counts = FactCounts()

    def add(self, block: Block) -> None:
        """Add the entries of a block."""
        faults: list[tuple[Entry, str]] = []
        for entry in block.others:
            if entry.item is BLANK:
                self._found.blank += 1
            else:
                faults.append((entry, entry.fault or NOT_AN_OBJECT))
        for places in _by_names(block.items):
            items = [block.items[place] for place in places]
            rejected = self._add_shape(items)
            faults += [(block.entry(places[place]), reason) for place, reason in rejected]
        # Of quarantined items the first ones are listed.
        for entry, reason in sorted(faults, key=lambda fault: fault[0][:3]):
            self._found.quarantine(self._file, entry, reason)
        self._found.lines += len(block.items) + len(block.others)
        self._found.numbered = block.last_line
        if self._counts.size > _MAX_COUNTS:
            self._flush()

    def _add_shape(self, items: list[_Item]) -> list[_Rejected]:
        """Add records with equal names; return those that are rejected."""
        if len(items) < _MIN_COLUMN:
            return self._add_each(items, range(len(items)))
        rejected = []
        for mapper, places in metrics_normaliser().divide(items):
            try:
                if mapper is None or mapper.log_type.family == ANY_OBJECT:
                    raise NotUniformError
                self._counts.add_all(mapper, [items[place] for place in places])
            except NotUniformError:
                rejected += self._add_each(items, places)
        return rejected

    def _add_each(self, items: list[_Item], places: Iterable[int]) -> list[_Rejected]:
        rejected = []
        for place in places:
            try:
                record = metrics_normaliser().normalise(items[place])
            except RecordError as error:
                rejected.append((place, str(error)))
                continue
            self._counts.add(record)
            if record.log_type == ANY_OBJECT:
                self._found.shapes.add(shape_of(items[place]), 1)
        return rejected

    def _flush(self) -> None:
        self._found.add_counts(self._counts, self._by_minute)
        self._counts = FactCounts()

    def end(self) -> Partial:
        """Return the partial result."""
        self._flush()
        return self._found


def _by_names(items: list[_Item]) -> Iterable[Sequence[int]]:
    """Return the places of the objects with equal names, in equal order, for all such names."""
    names = list(map(tuple, items))
    if names and names.count(names[0]) == len(names):
        return [range(len(names))]
    places: dict[tuple[str, ...], list[int]] = {}
    for place, some in enumerate(names):
        places.setdefault(some, []).append(place)
    return places.values()


@cache
def metrics_normaliser() -> Normaliser:
    """Return this process's normaliser for metrics alone: it maps only the fields they need."""
    return Normaliser(METRIC_FIELDS)


def shape_of(item: Mapping[str, Any]) -> str:
    """Return the key set of an object as one text."""
    return ", ".join(sorted(item))[:_MAX_SHAPE_LENGTH]
