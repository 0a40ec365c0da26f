"""Flattens log records to columns of their most frequent fields; a dict per row has the rest."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

from securenet_obs.probes.logs.records.decoding import (
    Decoded,
    Record,
    decode_exactly,
    has_inexact_float,
    has_inexact_integer,
)
from securenet_obs.probes.logs.records.flattening import Cells, flatten
from securenet_obs.probes.logs.records.values import Field

MAX_FIELDS = 256
"""Maximum number of field columns, the most frequent fields first; bounds the frame's size."""

MAX_WIDTH = 1024
"""Maximum number of fields of one record that are candidates for a column."""

MAX_CANDIDATES = 4096
"""Maximum number of different fields, the first ones, among which the columns are chosen."""

_MIN_CELLS, _MAX_CELLS_PER_VALUE = 500_000, 16
"""Cells that the columns may have together: so many, and so many more for each value in them."""


class Table:
    """Records, their nested objects flattened, as a `Field` for each name."""

    def __init__(self, own_fields: Iterable[str]) -> None:
        """Give these fields a column in any case, however many others there are."""
        self.count = 0
        self.fields: dict[str, Field] = {}
        self._rest: dict[int, Record] = {}
        self._own_fields = frozenset(own_fields)

    def add(self, decoded: Decoded) -> None:
        """Append the records of a batch."""
        if not decoded.records:
            return
        rows = range(self.count, self.count + len(decoded.records))
        self.count += len(rows)
        records: Sequence[Record] = decoded.records
        if self._add_alike(rows.start, records):
            return
        if max(map(len, records)) > MAX_WIDTH:
            records = list(map(self._narrow, rows, records, decoded.select_lines()))
        columns = list(flatten(rows, records))
        if any(map(_may_be_inexact, columns)):
            columns = list(flatten(rows, list(map(_make_exact, records, decoded.select_lines()))))
        for cells in _drop_repeated(columns, self.keep_apart):
            self._extend(cells)

    def add_columns(self, count: int, columns: Iterable[Cells]) -> None:
        """Append `count` records, given as columns of which the rows begin at 0."""
        start = self.count
        self.count += count
        for name, rows, values, types in columns:
            shifted = (
                range(start, start + len(rows))
                if isinstance(rows, range)
                else [start + row for row in rows]
            )
            self._extend(Cells(name, shifted, values, types))

    def _add_alike(self, start: int, records: Sequence[Record]) -> bool:
        """Append records that have the fields of all others, and simple values; return if so."""
        names = tuple(records[0])
        # itemgetter returns no tuple for one name.
        if not 2 <= len(names) <= MAX_FIELDS or set(map(len, records)) != {len(names)}:
            return False
        try:
            columns = list(zip(*map(itemgetter(*names), records), strict=True))
        except KeyError:
            return False
        if not start:
            for name in names:
                self.fields[name] = Field()
        fields = [self.fields[name] for name in names if name in self.fields]
        if len(fields) < len(names) or not all(field.has_all_before(start) for field in fields):
            return False
        prepared = []
        for field, values in zip(fields, columns, strict=True):
            column = field.prepare(values)
            if column is None:
                return False
            prepared.append(column)
        for field, column in zip(fields, prepared, strict=True):
            field.append_prepared(column, len(records))
        return True

    def _narrow(self, row: int, record: Record, line: bytes) -> Record:
        """Return a record with at most about `MAX_WIDTH` of its fields; the rest are kept apart."""
        if len(record) <= MAX_WIDTH:
            return record
        if has_inexact_integer(record.values()):
            record = decode_exactly(line)
        known = self.fields.keys() | self._own_fields
        names = {*islice(record, MAX_WIDTH), *(known & record.keys())}
        narrow = {name: record.pop(name) for name in list(record) if name in names}
        self._rest[row] = record
        return narrow

    def _extend(self, cells: Cells) -> None:
        field = self.fields.get(cells.name)
        if field is None:
            if len(self.fields) >= MAX_CANDIDATES and cells.name not in self._own_fields:
                for row, value in zip(cells.rows, cells.values, strict=True):
                    self.keep_apart(row, cells.name, value)
                return
            field = self.fields[cells.name] = Field()
        field.extend(cells.rows, cells.values, cells.types)

    def keep_apart(self, row: int, name: str, value: object) -> None:
        """Add a field that has no column; a second one of the same name gets a number."""
        fields = self._rest.setdefault(row, {})
        unique, number = name, 1
        while unique in fields:
            number += 1
            unique = f"{name}#{number}"
        fields[unique] = value

    @property
    def has_rest(self) -> bool:
        """Whether a field is kept apart."""
        return bool(self._rest)

    def take_fields(self, reserved: Iterable[str]) -> dict[str, Field]:
        """Remove the fields and return those that have a column, the most frequent ones.

        The other fields, and those with a reserved name, are kept apart.
        """
        self.fields = {name: field for name, field in self.fields.items() if field.values}
        kept = self._choose(frozenset(reserved))
        for name in self.fields.keys() - kept:
            field = self.fields.pop(name)
            for row, value in zip(field.rows, field.values, strict=True):
                self.keep_apart(row, name, value)
        chosen, self.fields = self.fields, {}
        return chosen

    def _choose(self, reserved: frozenset[str]) -> set[str]:
        sizes = {
            name: len(field.values) for name, field in self.fields.items() if name not in reserved
        }
        cells = _MIN_CELLS + _MAX_CELLS_PER_VALUE * sum(sizes.values())
        most = min(MAX_FIELDS, cells // max(self.count, 1))
        ranked = sorted(sizes, key=lambda name: (name not in self._own_fields, -sizes[name]))
        return set(ranked[:most])

    def take_rest(self) -> dict[int, Record]:
        """Remove and return the fields kept apart of each row that has any."""
        rest, self._rest = self._rest, {}
        return rest


def _may_be_inexact(cells: Cells) -> bool:
    if cells.types == {float}:
        return has_inexact_float(cells.values)
    return not cells.types.isdisjoint((float, list, dict)) and has_inexact_integer(cells.values)


def _make_exact(record: Record, line: bytes) -> Record:
    if not has_inexact_integer(record.values()):
        return record
    exact = decode_exactly(line)
    return {name: exact[name] for name in record}


def _drop_repeated(columns: Iterable[Cells], drop: Any) -> Iterator[Cells]:
    """Yield the cells of columns; drop a cell if its row already has one of the same name.

    An outer field and a nested one can have the same dotted name.
    """
    first: dict[str, Cells] = {}
    taken: dict[str, set[int]] = {}
    for cells in columns:
        name = cells.name
        if "." not in name or first.setdefault(name, cells) is cells:
            yield cells
            continue
        rows = taken.setdefault(name, set(first[name].rows))
        repeated = rows.intersection(cells.rows)
        if repeated:
            kept = []
            for row, value in zip(cells.rows, cells.values, strict=True):
                if row in repeated:
                    drop(row, name, value)
                else:
                    kept.append((row, value))
            cells = Cells(name, [row for row, _ in kept], [one for _, one in kept], cells.types)
        rows.update(cells.rows)
        yield cells
