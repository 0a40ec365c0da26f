"""Converts any value to types of strict JSON, within bounds of text, items, depth and work."""

import dataclasses
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date, time
from enum import Enum
from typing import Any
from uuid import UUID

_MAX_WORK = 2_000_000
"""Maximum characters of all texts, plus a few for each value: parts may occur 2^30 times."""
_WORK_PER_VALUE = 64
_MAX_INT = 2**63 - 1
_MAX_REPR = 512 * 1024


@dataclass(frozen=True)
class Bounds:
    """Limits on the part of a value that is kept."""

    characters: int
    items: int
    depth: int


def to_plain(value: Any, bounds: Bounds) -> Any:
    """Return `value` as types of strict JSON, within bounds; cycles end at the maximum depth.

    Dates, times and UUIDs stay unchanged: orjson serialises them.
    """
    return _Plain(bounds).value(value, bounds.depth)


def substitute(value: Any) -> Any:
    """Return a substitute for an object that JSON cannot represent; orjson calls this function."""
    match value:
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode("utf-8", "backslashreplace")
        case Set():
            return list(value)
        case Mapping():
            return dict(value)
        case Enum():
            return value.value
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        case _ if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
            return value.tolist()
        case _:
            return safe_repr(value)


def safe_repr(value: object) -> str:
    """Return `repr(value)`, or a substitute if it raises."""
    try:
        return repr(value)[:_MAX_REPR]
    except Exception:  # noqa: BLE001 a repr is foreign code and may raise anything
        return f"<{type(value).__name__} without a repr>"


class _Plain:
    """One walk, with its remaining work."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._remaining_work = _MAX_WORK

    def value(self, value: Any, depth: int) -> Any:
        self._remaining_work -= _WORK_PER_VALUE
        match value:
            case None | bool() | date() | time() | UUID():
                return value
            case str():
                return self._text(value)
            case int():
                return int(value) if abs(value) <= _MAX_INT else _large(value)
            case float():
                return float(value)
        if depth == 0 or self._remaining_work < 0:
            return "…"
        return self._container(value, depth - 1)

    def _container(self, value: Any, depth: int) -> Any:
        match value:
            case Mapping():
                pairs = zip(list(value.items()), range(self._bounds.items), strict=False)
                return {self._key(key): self.value(item, depth) for (key, item), _ in pairs}
            case list() | tuple() | Set():
                items = zip(value, range(self._bounds.items), strict=False)
                return [self.value(item, depth) for item, _ in items]
        replacement = substitute(value)
        return (
            self._text(replacement)
            if isinstance(replacement, str)
            else self.value(replacement, depth)
        )

    def _text(self, text: str) -> str:
        """Return the text or its start, or `…` without work left: half a secret is not masked."""
        limit = self._bounds.characters
        shortened = text if len(text) <= limit else f"{text[:limit]}…"
        self._remaining_work -= len(shortened)
        return (
            shortened.encode("utf-8", "backslashreplace").decode()
            if self._remaining_work > 0
            else "…"
        )

    def _key(self, key: object) -> str:
        return self._text(key if isinstance(key, str) else safe_repr(key))


def _large(number: int) -> str:
    """Return an integer beyond 64 bits as text; Python itself refuses to print very long ones."""
    return (
        str(number) if number.bit_length() <= 4096 else f"<integer of {number.bit_length()} bits>"
    )
