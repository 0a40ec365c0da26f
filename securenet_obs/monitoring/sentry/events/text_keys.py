"""Copies values for an event with texts as keys, in bounds, before Sentry's SDK serialises them."""

from collections import deque
from collections.abc import Mapping, Reversible, Sequence, Set
from gc import get_referents
from itertools import islice
from typing import Any

import orjson

from securenet_obs.monitoring.foreign_objects import text_of

_MAX_DEPTH = 16
_MAX_ITEMS = 2_000
_FEW_VALUES = 4_000
_MAX_COPIED_VALUES = 20_000
_OMITTED = "…"

_TEXTUAL = (str, bytes, bytearray, memoryview)
_CONTAINERS = (Mapping, Sequence, Set, deque)
"""Types of whose values the SDK serialises each item."""


def with_text_keys(value: Any) -> Any:
    """Return a value with only texts as keys of its mappings, and not more items than are kept.

    It is the value itself if it is plain and not large. The SDK loses a whole mapping, all tags for
    instance, if `str` of one of its keys raises, and it serialises each item of a tag: a list of a
    million delays the capture by seconds. `…` replaces the items that are left out.
    """
    if _has_few_values(value):
        try:
            orjson.dumps(value, default=_ignore_object)
        except (TypeError, RecursionError):
            pass
        else:
            return value
    return _Copy().value(value, _MAX_DEPTH)


def _ignore_object(value: object) -> None:
    """Serialise an object as null.

    Raises:
        TypeError: the SDK would serialise its items, which may be many more than its referents.
    """
    if _is_container(type(value)):
        raise TypeError


def _is_container(kind: type) -> bool:
    return issubclass(kind, _CONTAINERS) and not issubclass(kind, _TEXTUAL)


def _has_few_values(value: Any) -> bool:
    """Return whether a value has few parts, each counted as often as it occurs."""
    left, waiting = _FEW_VALUES, [value]
    while waiting:
        parts = get_referents(waiting.pop())
        left -= len(parts)
        if left < 0:
            return False
        waiting += parts
    return True


class _Copy:
    """One copy of a value, with texts as keys, of a bounded number of items."""

    def __init__(self) -> None:
        self._values_left = _MAX_COPIED_VALUES

    def value(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if not _is_container(kind):
            return value
        if self._values_left <= 0 or (depth == 0 and not _has_few_values(value)):
            return _OMITTED
        if depth == 0:
            return value
        try:
            if issubclass(kind, Mapping):
                return self._mapping(value, depth - 1)
            return [self.value(item, depth - 1) for item in self._items(value)]
        except Exception:  # noqa: BLE001 a container may be foreign code
            return value

    def _mapping(self, mapping: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        pairs = list(islice(mapping.items(), self._take(len(mapping))))
        copy = {text_of(key): self.value(item, depth) for key, item in pairs}
        return copy if len(pairs) == len(mapping) else {**copy, _OMITTED: _OMITTED}

    def _items(self, items: Any) -> list[Any]:
        """Return all items, or the first quarter and the last ones of those that may be kept."""
        kept = self._take(len(items))
        if kept == len(items):
            return list(items)
        first = kept // 4
        head = list(islice(items, first))
        tail = islice(reversed(items), kept - first) if issubclass(type(items), Reversible) else ()
        return [*head, _OMITTED, *reversed(list(tail))]

    def _take(self, count: int) -> int:
        """Return the number of items to keep, and deduct it from the budget."""
        kept = min(count, _MAX_ITEMS, max(self._values_left, 0))
        self._values_left -= kept
        return kept
