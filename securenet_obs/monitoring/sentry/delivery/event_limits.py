"""Cuts an event to the limits of backends: size, lengths of names, characters, nesting.

Sentry and Bugsink refuse an event over 1 MiB, and store neither lone surrogates nor NUL. An
ordinary event is serialised once, and left as it is.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sentry_sdk.utils import json_dumps

from securenet_obs.monitoring.foreign_objects import plain_text, text_of
from securenet_obs.monitoring.sentry.delivery.field_types import with_storable_types

MAX_EVENT_BYTES = 900_000
"""Size of an event's JSON that the backends accept, with a reserve for the envelope."""

_MAX_NAMES = {
    "environment": 64,
    "logger": 64,
    "platform": 64,
    "release": 200,
    "server_name": 200,
    "transaction": 200,
}
"""Characters of the fields that a backend stores as columns, and refuses or cuts beyond."""

_MAX_TAG_NAME, _MAX_TAG, _MAX_TAGS = 32, 200, 60
_OMITTED = "…"
_MIN_FIELDS = 16
"""Fields of a mapping that are kept at least: a frame has six."""

# orjson writes UTF-8, the SDK escapes: two bytes become six at most.
_ESCAPING = 3
_MAX_INT = 2**63 - 1
_UNSTORABLE = b"\\u0000"


@dataclass(frozen=True)
class _Bounds:
    characters: int
    items: int
    depth: int


_BOUNDS = (
    _Bounds(characters=100_000, items=2_000, depth=64),
    _Bounds(characters=20_000, items=400, depth=24),
    _Bounds(characters=4_000, items=100, depth=12),
    _Bounds(characters=800, items=40, depth=10),
    _Bounds(characters=200, items=16, depth=9),
    _Bounds(characters=100, items=4, depth=8),
)
"""Tried in turn until the event fits; the frames of an exception are at depth 7."""

_ESSENTIAL = (
    *("event_id", "timestamp", "level", "platform", "sdk", "type"),
    *(*_MAX_NAMES, "fingerprint", "tags", "logentry", "message", "exception"),
)
"""Fields that are kept when only the tightest bounds are left."""


def fit(event: dict[str, Any], max_bytes: int = MAX_EVENT_BYTES) -> dict[str, Any]:
    """Return the event, or a copy that a backend can store.

    Texts, lists and mappings beyond the bounds are cut, and the event has a tag `truncated` then.
    Of a list the first quarter and the rest from its end are kept: the last exception, frame and
    breadcrumb are the most important ones.
    """
    event = _with_short_names(with_storable_types(event))
    try:
        data = orjson.dumps(event)
    except (TypeError, RecursionError):
        data = b""
    if data and _UNSTORABLE not in data and _fits(data, event, max_bytes):
        return event
    for bounds in _BOUNDS:
        plain = _cut(event, bounds)
        if _size(plain) <= max_bytes:
            return plain
    essential = {name: event[name] for name in _ESSENTIAL if name in event}
    return _cut(essential, _BOUNDS[-1])


def _fits(data: bytes, event: dict[str, Any], max_bytes: int) -> bool:
    return len(data) * _ESCAPING <= max_bytes or _size(event) <= max_bytes


def _size(event: dict[str, Any]) -> int:
    return len(json_dumps(event))


def _with_short_names(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with names and tags of a length that backends store."""
    changed: dict[str, Any] = {
        name: value[:limit]
        for name, limit in _MAX_NAMES.items()
        if type(value := event.get(name)) is str and len(value) > limit
    }
    tags = event.get("tags")
    if isinstance(tags, dict):
        changed["tags"] = dict(_short_tags(tags))
    return {**event, **changed}


def _short_tags(tags: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    for (name, value), _ in zip(tags.items(), range(_MAX_TAGS), strict=False):
        yield text_of(name)[:_MAX_TAG_NAME], text_of(value)[:_MAX_TAG].replace("\n", " ")


def _cut(event: dict[str, Any], bounds: _Bounds) -> dict[str, Any]:
    """Return the event as plain JSON within bounds; mark it if anything was cut."""
    walk = _Walk(bounds)
    plain: dict[str, Any] = {
        name: walk.value(value, bounds.depth) for name, value in event.items() if name != "_meta"
    }
    if walk.has_cut and isinstance(plain.get("tags"), dict):
        plain["tags"]["truncated"] = "true"
    return plain


class _Walk:
    """One walk over an event: converts it to plain JSON, and notes whether it cut anything."""

    def __init__(self, bounds: _Bounds) -> None:
        self._bounds = bounds
        self.has_cut = False

    def value(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(plain_text(value))
        if isinstance(value, int):
            return int(value) if abs(value) <= _MAX_INT else self._text(f"{value:#x}")
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else str(float(value))
        if depth == 0:
            self.has_cut = True
            return _OMITTED
        if isinstance(value, dict):
            return self._mapping(value, depth - 1)
        if isinstance(value, list | tuple):
            return [self.value(item, depth - 1) for item in self._items(list(value))]
        return self._text(text_of(value))

    def _mapping(self, mapping: dict[Any, Any], depth: int) -> dict[str, Any]:
        pairs = list(mapping.items())[: max(self._bounds.items, _MIN_FIELDS)]
        self.has_cut |= len(pairs) < len(mapping)
        return {self._text(text_of(name)): self.value(item, depth) for name, item in pairs}

    def _items(self, items: list[Any]) -> list[Any]:
        omitted = len(items) - self._bounds.items
        if omitted <= 0:
            return items
        self.has_cut = True
        first = self._bounds.items // 4
        return items[:first] + items[first + omitted :]

    def _text(self, text: str) -> str:
        if len(text) > self._bounds.characters:
            self.has_cut = True
            text = f"{text[: self._bounds.characters]}…"
        return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
