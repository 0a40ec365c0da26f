"""Gathers the values of a JSON field; builds exact, typed columns of them."""

from array import array
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from securenet_obs.probes.logs.records.decoding import has_inexact_float

Objects: TypeAlias = np.ndarray[Any, np.dtype[np.object_]]
"""Python objects, one for each row."""

_NULL = type(None)
_TEXT, _SCALARS = {str}, {str, int, bool, _NULL}

_MAX_SHARED_TEXTS = 1024
"""Maximum number of different texts of a field that share one object each."""


Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]


class Field:
    """The values of one field so far, in the order of their rows."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.types: set[type] = set()
        self._rows: array[int] | None = None
        self._texts: dict[str, str] | None = {}

    @property
    def rows(self) -> Sequence[int]:
        """The row of each value."""
        return range(len(self.values)) if self._rows is None else self._rows

    def extend(self, rows: Sequence[int], values: Sequence[Any], types: set[type]) -> None:
        """Append values; the rows are not stored while each row has had a value."""
        if self._rows is None and not _continues(rows, len(self.values)):
            self._rows = array("q", range(len(self.values)))
        self.values.extend(values)
        if not types <= self.types:
            self.types |= types
        if self._rows is not None:
            self._rows.extend(rows)

    def has_all_before(self, row: int) -> bool:
        """Return whether each row before this one has a value, and no other row."""
        return self._rows is None and len(self.values) == row

    def append_prepared(self, values: tuple[Any, ...], count: int) -> None:
        """Append a result of `prepare`; one value stands for as many as given."""
        self.values.extend(values * (count // len(values)))

    def prepare(self, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Return values to append as they are; None if objects, lists or inexact ones may be there.

        Of equal texts one is returned. They are one object, while the field has few different ones.
        """
        first = values[0]
        if type(first) is str:
            if values[-1] == first and values.count(first) == len(values):
                self.types.add(str)
                return (first,)
            shared = self._find_shared(values)
            if shared is not None:
                return shared
        types = set(map(type, values))
        if types == _TEXT:
            self._share(values)
        elif types == {float}:
            if has_inexact_float(values):
                return None
        elif not types <= _SCALARS:
            return None
        self.types |= types
        return values

    def _find_shared(self, values: tuple[Any, ...]) -> tuple[str, ...] | None:
        """Return the shared texts that equal these values; None if one of them is not shared."""
        if self._texts is None:
            return None
        try:
            shared: tuple[str, ...] = itemgetter(*values)(self._texts)
        except (KeyError, TypeError):
            return None
        return shared

    def _share(self, texts: Iterable[str]) -> None:
        if self._texts is not None:
            self._texts.update((text, text) for text in set(texts) - self._texts.keys())
            if len(self._texts) > _MAX_SHARED_TEXTS:
                self._texts = None

    def is_everywhere(self, count: int) -> bool:
        """Return whether each of `count` rows has a value other than null, in the rows' order."""
        return self._is_complete(count) and _NULL not in self.types

    def select(self, is_selected: Mask) -> "Field":
        """Return the values of some rows; `is_selected` has an element for each row."""
        if is_selected.all():
            return self
        if not is_selected.any():
            return Field()
        pairs = zip(self.rows, self.values, strict=True)
        chosen = [(row, value) for row, value in pairs if is_selected[row]]
        field, values = Field(), [value for _, value in chosen]
        field.extend([row for row, _ in chosen], values, set(map(type, values)))
        return field

    def _is_complete(self, count: int) -> bool:
        return self._rows is None and len(self.values) == count

    def spread(self, count: int, absent: object) -> Objects:
        """Return an object for each of `count` rows; `absent` where a row has no value."""
        values = np.fromiter(self.values, object, len(self.values))
        if self._is_complete(count):
            return values
        cells = np.full(count, absent, dtype=object)
        cells[_to_index(self.rows)] = values
        return cells

    def build_column(self, count: int) -> Any:
        """Return a column of `count` rows: of integers, floats, booleans, text, or of objects.

        A column of objects holds numbers of different types, or different kinds of values, each
        unchanged. In it null is None and an absent field NaN. In every other column both are the
        missing value of its type; a field with both has a column of objects.
        """
        has_absent = len(self.values) < count
        kinds = self.types - {_NULL}
        if len(kinds) == 1 and not (has_absent and _NULL in self.types):
            (kind,) = kinds
            if kind is str:
                # The array is new and holds str and NaN alone.
                return pd.array(self._spread_missing(count), dtype="str", copy=False)
            if kind in (int, bool, float):
                column = self._build_numbers(kind, count)
                if column is not None:
                    return column
        # DataFrame would make text of an array of text and None.
        return pd.Series(self.spread(count, np.nan), dtype=object)

    def _spread_missing(self, count: int) -> Objects:
        cells = self.spread(count, np.nan)
        if _NULL in self.types:
            cells = np.where(cells == None, np.nan, cells)  # noqa: E711
        return cells

    def _build_numbers(self, kind: type, count: int) -> Any:
        """Return a column of numbers of one type; None for integers beyond 64 bits."""
        is_present = [value is not None for value in self.values] if _NULL in self.types else None
        given = self.values
        if is_present is not None:
            given = [value or kind() for value in self.values]
        numbers = _convert(kind, given)
        if numbers is None:
            return None
        missing = np.ones(count, dtype=bool)
        index = _to_index(self.rows)
        missing[index] = False if is_present is None else ~np.array(is_present)
        if not self._is_complete(count):
            spread = np.zeros(count, dtype=numbers.dtype)
            spread[index] = numbers
            numbers = spread
        if not missing.any():
            return numbers
        if kind is float:
            numbers[missing] = np.nan
            return numbers
        masked = pd.arrays.BooleanArray if kind is bool else pd.arrays.IntegerArray
        return masked(numbers, missing)


def _convert(kind: type, values: Sequence[Any]) -> Any:
    if kind is not int:
        return np.fromiter(values, kind, len(values))
    for dtype in (np.int64, np.uint64):
        try:
            return np.fromiter(values, dtype, len(values))
        except OverflowError:
            pass
    return None


def _continues(rows: Sequence[int], start: int) -> bool:
    return isinstance(rows, range) and rows.start == start


def _to_index(rows: Sequence[int]) -> Any:
    return slice(len(rows)) if isinstance(rows, range) else np.frombuffer(rows, np.int64)  # type: ignore[call-overload]
