"""Builds exact, typed columns of the gathered values of JSON fields."""

from array import array
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from securenet_obs.probes.logs.records.decoding import Record
from securenet_obs.probes.logs.records.values import Field

Objects: TypeAlias = np.ndarray[Any, np.dtype[np.object_]]
"""Python objects, one for each row."""

Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
"""Whether each row is chosen."""

_NULL = type(None)


def build_column(field: Field, count: int) -> Any:
    """Return a column of `count` rows: of integers, floats, booleans, text, or of objects.

    A column of objects holds numbers of different types, or different kinds of values, each
    unchanged. In it null is None and an absent field NaN. In every other column both are the
    missing value of its type; a field with both has a column of objects.
    """
    has_absent = len(field.values) < count
    kinds = field.types - {_NULL}
    if len(kinds) == 1 and not (has_absent and _NULL in field.types):
        (kind,) = kinds
        if kind is str:
            # The array is new and holds str and NaN alone.
            return pd.array(_spread_missing(field, count), dtype="str", copy=False)
        if kind in (int, bool, float):
            column = _build_numbers(field, kind, count)
            if column is not None:
                return column
    # DataFrame would make text of an array of text and None.
    return pd.Series(_spread(field, count), dtype=object)


def build_rest(rest: Mapping[int, Record], count: int) -> Objects:
    """Return a column of the fields kept apart: a dict for each row that has any, else NaN."""
    cells = np.full(count, np.nan, dtype=object)
    for row, fields in rest.items():
        cells[row] = fields
    return cells


def select_rows(field: Field, is_selected: Mask) -> Field:
    """Return the values of some rows; `is_selected` has an element for each row."""
    if is_selected.all():
        return field
    if not is_selected.any():
        return Field()
    pairs = zip(field.rows, field.values, strict=True)
    chosen = [(row, value) for row, value in pairs if is_selected[row]]
    selected, values = Field(), [value for _, value in chosen]
    selected.extend([row for row, _ in chosen], values, set(map(type, values)))
    return selected


def _spread(field: Field, count: int) -> Objects:
    """Return an object for each of `count` rows; NaN where a row has no value."""
    values = np.fromiter(field.values, object, len(field.values))
    if field.is_complete(count):
        return values
    cells = np.full(count, np.nan, dtype=object)
    cells[_to_index(field.rows)] = values
    return cells


def _spread_missing(field: Field, count: int) -> Objects:
    cells = _spread(field, count)
    if _NULL in field.types:
        cells = np.where(cells == None, np.nan, cells)  # noqa: E711
    return cells


def _build_numbers(field: Field, kind: type, count: int) -> Any:
    """Return a column of numbers of one type; None for integers beyond 64 bits."""
    given: Sequence[Any] = field.values
    is_present = [value is not None for value in given] if _NULL in field.types else None
    if is_present is not None:
        given = [value or kind() for value in given]
    numbers = _convert(kind, given)
    if numbers is None:
        return None
    missing = np.ones(count, dtype=bool)
    index = _to_index(field.rows)
    missing[index] = False if is_present is None else ~np.array(is_present)
    if not field.is_complete(count):
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
    if isinstance(values, array):
        return np.array(values)
    if kind is not int:
        return np.fromiter(values, kind, len(values))
    for dtype in (np.int64, np.uint64):
        try:
            return np.fromiter(values, dtype, len(values))
        except OverflowError:
            pass
    return None


def _to_index(rows: Sequence[int]) -> Any:
    return slice(len(rows)) if isinstance(rows, range) else np.frombuffer(rows, np.int64)  # type: ignore[call-overload]
