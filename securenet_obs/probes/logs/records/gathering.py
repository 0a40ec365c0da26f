"""Gathers the records of consecutive batches, and the digits of times longer than a float."""

from collections.abc import Sequence
from typing import NamedTuple

from securenet_obs.probes.logs.fields.float_times import find_long_times
from securenet_obs.probes.logs.fields.names import LEVEL_FIELDS, TIME_FIELDS
from securenet_obs.probes.logs.records.decoding import Decoded
from securenet_obs.probes.logs.records.flattening import Cells
from securenet_obs.probes.logs.records.table import Table


class GatheredRange(NamedTuple):
    """The records of consecutive lines, as columns with rows that begin at 0.

    `first` is the number of the first line. The positions of records and of rejected lines, which
    have a reason each, are distances from it. `long_times` has the digits of a row's time that has
    more of them than a float holds.
    """

    first: int
    line_count: int
    positions: Sequence[int]
    rejected: list[tuple[int, str]]
    long_times: dict[int, str]
    columns: list[Cells]


class Gathering:
    """The table of the records so far: row -> digits of a time longer than a float, beside it."""

    def __init__(self) -> None:
        self.table = Table((*TIME_FIELDS, *LEVEL_FIELDS))
        self.long_times: dict[int, str] = {}

    def add(self, decoded: Decoded) -> None:
        """Append the records of a batch."""
        start = self.table.count
        self.table.add(decoded)
        if self._has_float_times():
            for position, text in find_long_times(decoded.records, decoded.select_lines()):
                self.long_times[start + position] = text

    def add_range(self, part: GatheredRange) -> None:
        """Append the records of a range."""
        start = self.table.count
        self.table.add_columns(len(part.positions), part.columns)
        self.long_times |= {start + row: text for row, text in part.long_times.items()}

    def _has_float_times(self) -> bool:
        fields = (self.table.fields.get(name) for name in TIME_FIELDS)
        return any(field is not None and float in field.types for field in fields)
