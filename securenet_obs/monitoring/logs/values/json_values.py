"""Converts any value to types of strict JSON, within bounds of text, items, depth and work.

Values are foreign objects: a class may replace any method, claim to be another class, or raise. The
class is read by `type`, the contents by the methods of builtin classes, and a value whose own code
raises becomes a text.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any

from securenet_obs.monitoring.foreign_objects import plain_text, repr_of, type_name
from securenet_obs.monitoring.logs.values.arrays import is_missing, is_numpy, plain_array
from securenet_obs.monitoring.logs.values.moments import MOMENTS, format_moment
from securenet_obs.monitoring.logs.values.named_parts import (
    ADDRESSES,
    is_row,
    row_fields,
    whole_address,
)

_MAX_WORK = 2_000_000
"""Maximum characters of all texts, plus a few for each value: parts may occur 2^30 times."""
_MIN_WORK = 4_096
_WORK_PER_VALUE = 64
_MIN_INT, _MAX_INT = -(2**63), 2**64 - 1
_MAX_TEXT = 512 * 1024
_MAX_ITEMS = 2_000
_BYTES = (bytes, bytearray, memoryview)


@dataclass(frozen=True)
class Bounds:
    """Limits on the part of a value that is kept."""

    characters: int
    items: int
    depth: int


class _UnboundedValueError(TypeError):
    """A value that only the bounded walk of `to_plain` converts."""


def to_plain(value: object, bounds: Bounds) -> Any:
    """Return `value` as types of strict JSON, within bounds; never raise.

    The result consists of None and exact bool, int, float, str, list and dict. Integers beyond 64
    bits and objects that JSON cannot represent become text; cycles end at the maximum depth.
    """
    return _Plain(bounds, _MAX_WORK).value(value, bounds.depth)


def plain_event(event: Mapping[str, Any], bounds: Bounds) -> dict[str, Any]:
    """Return an event's fields as `to_plain` does; no field takes the work of the others."""
    plain: dict[str, Any] = {}
    remaining_work = _MAX_WORK
    pairs = [*islice(event.items(), bounds.items)]
    for number, (key, value) in enumerate(pairs):
        share = max(remaining_work // (len(pairs) - number), _MIN_WORK)
        # A text is only as long as itself; other values may contain parts many times.
        is_text = issubclass(type(value), str)
        walk = _Plain(bounds, _MAX_WORK if is_text else share)
        plain[_Plain(bounds, _MAX_WORK).name(key, plain)] = walk.value(value, bounds.depth - 1)
        remaining_work -= 0 if is_text else share - max(walk.remaining_work, 0)
    return plain


def substitute(value: object) -> Any:
    """Return a substitute for an object that JSON cannot represent; orjson calls this function.

    Raises:
        Exception: any, if the object is foreign code that raises, or may have any number of items.
    """
    kind = type(value)
    if issubclass(kind, (tuple, Mapping, Set)) and not issubclass(kind, (set, frozenset)):
        raise _UnboundedValueError
    return _substitute(value, kind, _MAX_ITEMS)


def _substitute(value: Any, kind: type, items: int) -> Any:
    if issubclass(kind, _BYTES):
        return _decoded(value)
    if is_missing(kind):
        return None
    if issubclass(kind, MOMENTS):
        return format_moment(value)
    if issubclass(kind, set | frozenset):
        base = set if issubclass(kind, set) else frozenset
        return [*islice(base.__iter__(value), items)]
    if issubclass(kind, Enum):
        return value.value
    if is_numpy(kind):
        return plain_array(value, items)
    if is_row(kind):
        return row_fields(value)
    if issubclass(kind, float):
        return float.__pos__(value)
    if dataclasses.is_dataclass(kind):
        return {field.name: _attribute(value, field.name) for field in dataclasses.fields(kind)}
    return repr_of(value)[:_MAX_TEXT]


def _attribute(value: object, name: str) -> Any:
    try:
        return getattr(value, name)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 a field may be a property that raises, or not be set
        return f"<{type_name(type(value))}.{name} without a value>"


def _decoded(value: bytes | bytearray | memoryview) -> str:
    """Return bytes as text, the start of many; bytes that are not UTF-8 are escaped."""
    view = memoryview(value)
    # A view of every second byte has no adjacent bytes to cast.
    start = (view if view.c_contiguous else memoryview(view.tobytes())).cast("B")[:_MAX_TEXT]
    return start.tobytes().decode("utf-8", "backslashreplace")


class _Plain:
    """One walk, with its remaining work."""

    def __init__(self, bounds: Bounds, work: int) -> None:
        self._bounds = bounds
        self.remaining_work = work

    def value(self, value: Any, depth: int) -> Any:
        self.remaining_work -= _WORK_PER_VALUE
        kind = type(value)
        if value is None or kind is bool:
            return value
        if issubclass(kind, str):
            return self._text(plain_text(value))
        if issubclass(kind, int):
            return _integer(int.__pos__(value))
        if kind is float:
            return value
        if depth == 0 or self.remaining_work < 0:
            return "…"
        try:
            return self._container(value, kind, depth - 1)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001 the methods of a foreign object may raise anything
            return self._text(repr_of(value)[:_MAX_TEXT])

    def _container(self, value: Any, kind: type, depth: int) -> Any:
        if issubclass(kind, dict):
            return self._mapping(dict.items(value), depth)
        if issubclass(kind, list):
            return self._sequence(list.__iter__(value), depth)
        if issubclass(kind, ADDRESSES):
            return self.value(whole_address(value, kind), depth)
        if issubclass(kind, tuple):
            return self._tuple(value, kind, depth)
        if issubclass(kind, Mapping):
            return self._mapping(value.items(), depth)
        if issubclass(kind, Set):
            return self._sequence(value, depth)
        return self.value(_substitute(value, kind, self._bounds.items), depth)

    def _tuple(self, value: Any, kind: type, depth: int) -> Any:
        """Return a named tuple as an object, so that names of secrets stay, others as a list."""
        items = tuple.__iter__(value)
        names = getattr(kind, "_fields", None)
        if type(names) is tuple and len(names) == tuple.__len__(value):
            return self._mapping(zip(names, items, strict=True), depth)
        return self._sequence(items, depth)

    def _sequence(self, items: Iterable[Any], depth: int) -> list[Any]:
        return [self.value(item, depth) for item in [*islice(items, self._bounds.items)]]

    def _mapping(self, pairs: Iterable[tuple[Any, Any]], depth: int) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key, item in [*islice(pairs, self._bounds.items)]:
            plain[self.name(key, plain)] = self.value(item, depth)
        return plain

    def name(self, key: object, taken: Mapping[str, Any]) -> str:
        """Return a key as text; two keys may have the same text, such as 1 and "1"."""
        text = self._key(key)
        return f"{text} ({len(taken)})" if text in taken else text

    def _text(self, text: str) -> str:
        """Return the text or its start, or `…` without work left: half a secret is not masked."""
        limit = self._bounds.characters
        shortened = text if len(text) <= limit else f"{text[:limit]}…"
        self.remaining_work -= len(shortened)
        return (
            shortened.encode("utf-8", "backslashreplace").decode()
            if self.remaining_work > 0
            else "…"
        )

    def _key(self, key: object) -> str:
        kind = type(key)
        if issubclass(kind, str):
            return self._text(plain_text(key))  # type: ignore[arg-type]
        try:
            text = _key_text(key, kind)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001 a key may be a foreign object, too
            text = repr_of(key)
        return self._text(text[:_MAX_TEXT])


def _key_text(key: Any, kind: type) -> str:
    if issubclass(kind, _BYTES):
        return _decoded(key)
    return format_moment(key) if issubclass(kind, MOMENTS) else repr_of(key)


def _integer(number: int) -> int | str:
    """Return an integer beyond 64 bits as text; Python itself refuses to print very long ones."""
    if _MIN_INT <= number <= _MAX_INT:
        return number
    try:
        return str(number) if number.bit_length() <= 4096 else _bits(number)
    except ValueError:  # the process has lowered the limit of sys.set_int_max_str_digits
        return _bits(number)


def _bits(number: int) -> str:
    return f"<integer of {number.bit_length()} bits>"
