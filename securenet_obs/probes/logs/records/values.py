"""Gathers the values of a JSON field, in the order of their rows."""

from array import array
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, TypeVar

from securenet_obs.probes.logs.records.decoding import has_inexact_float

_NULL = type(None)
_TEXT, _SCALARS = {str}, {str, int, bool, _NULL}
_FLOATS, _INTEGERS = {float}, {int}

_Values = TypeVar("_Values", bound=Sequence[Any])

_MAX_SHARED_TEXTS = 1024
"""Maximum number of different texts of a field that share one object each."""


class Field:
    """The values of one field so far, in the order of their rows.

    They are an array if all are floats, or all are integers of 64 bits: an array has no object for
    each, and becomes a column, or bytes for another process, at once.
    """

    def __init__(self) -> None:
        self.values: list[Any] | array[Any] = []
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
        self._append(_pack(values, types))
        if not types <= self.types:
            self.types |= types
        if self._rows is not None:
            self._rows.extend(rows)

    def has_all_before(self, row: int) -> bool:
        """Return whether each row before this one has a value, and no other row."""
        return self._rows is None and len(self.values) == row

    def append_prepared(self, values: "tuple[Any, ...] | array[Any]", count: int) -> None:
        """Append a result of `prepare`; one value stands for as many as given."""
        self._append(values * (count // len(values)))

    def _append(self, values: Sequence[Any]) -> None:
        if isinstance(values, array) and not self.values:
            self.values = values
        elif isinstance(self.values, array) and not _is_alike(self.values, values):
            self.values = [*self.values, *values]
        else:
            self.values.extend(values)

    def prepare(self, values: tuple[Any, ...]) -> "tuple[Any, ...] | array[Any] | None":
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
        elif types == _FLOATS:
            if has_inexact_float(values):
                return None
        elif not types <= _SCALARS:
            return None
        self.types |= types
        return _pack(values, types)

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
        return self.is_complete(count) and _NULL not in self.types

    def is_complete(self, count: int) -> bool:
        """Return whether each of `count` rows has a value, in the rows' order."""
        return self._rows is None and len(self.values) == count


def _pack(values: _Values, types: set[type]) -> "_Values | array[Any]":
    """Return numbers of one type as an array if they fit into one; anything else as it is."""
    if types == _FLOATS:
        return array("d", values)
    if types == _INTEGERS:
        try:
            return array("q", values)
        except OverflowError:
            return values
    return values


def _is_alike(numbers: "array[Any]", values: Sequence[Any]) -> bool:
    return isinstance(values, array) and values.typecode == numbers.typecode


def _continues(rows: Sequence[int], start: int) -> bool:
    return isinstance(rows, range) and rows.start == start
