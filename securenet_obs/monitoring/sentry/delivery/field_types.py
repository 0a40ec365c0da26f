"""Converts the fields of an event to the types that backends store: texts, lists and mappings.

A backend answers 500 to an event with another type in a field that it stores as a column: the SDK
checks none of the values that a service gives to a scope.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from operator import is_
from typing import Any

from securenet_obs.monitoring.foreign_objects import text_of

_TEXTS = frozenset(
    {
        *("culprit", "dist", "environment", "level", "logger", "message"),
        *("platform", "release", "server_name", "transaction"),
    }
)
_MAPPINGS = {
    "contexts": "value",
    "extra": "value",
    "logentry": "message",
    "request": "data",
    "sdk": "name",
    "user": "id",
}
"""Fields that are mappings, and the name in them for a value that is none."""

_NESTED_TEXTS = {"request": ("method", "url"), "sdk": ("name", "version")}
_FRAME_TEXTS = ("abs_path", "filename", "function", "module")

_LISTS = frozenset({"breadcrumbs", "exception", "threads"})
"""Fields whose `values` are lists of mappings."""


def with_storable_types(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event, or a copy with each of its fields in the type that backends store."""
    changed = {
        name: converted
        for name, value in event.items()
        if (converted := _converted(name, value)) is not value
    }
    return {**event, **changed} if changed else event


def _converted(name: str, value: Any) -> Any:
    if value is None:
        return value
    if name in _TEXTS:
        return value if isinstance(value, str) else text_of(value)
    if name == "fingerprint":
        return _texts(value)
    if name in _MAPPINGS:
        mapping = value if isinstance(value, dict) else {_MAPPINGS[name]: text_of(value)}
        return _with_texts(mapping, _NESTED_TEXTS.get(name, ()))
    if name == "timestamp":
        return value if _is_time(value) else datetime.now(UTC).isoformat()
    return _rows(value) if name in _LISTS else value


def _is_time(value: Any) -> bool:
    if type(value) is not str:
        return type(value) in (int, float, datetime)
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _with_texts(mapping: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the mapping with texts in these fields, if they are set."""
    changed = {
        name: text_of(mapping[name])
        for name in names
        if mapping.get(name) is not None and not isinstance(mapping[name], str)
    }
    return {**mapping, **changed} if changed else mapping


def _texts(value: Any) -> Any:
    items = value if isinstance(value, list | tuple) else [value]
    if items is value and all(type(item) is str for item in items):
        return value
    return [text_of(item) for item in items]


def _rows(interface: Any) -> Any:
    """Return an interface without rows that are not mappings; frames have texts for names."""
    rows = interface.get("values") if isinstance(interface, dict) else interface
    listed = rows if isinstance(rows, list | tuple) else []
    kept = [_with_stack(row) for row in listed if isinstance(row, dict)]
    same = rows is listed and len(kept) == len(listed)
    return interface if same and all(map(is_, kept, listed)) else {"values": kept}


def _with_stack(row: dict[str, Any]) -> dict[str, Any]:
    stack = row.get("stacktrace")
    frames = stack.get("frames") if isinstance(stack, dict) else None
    if not isinstance(stack, dict) or not isinstance(frames, list):
        return row
    kept = [_frame(frame) for frame in frames if isinstance(frame, dict)]
    if len(kept) == len(frames) and all(map(is_, kept, frames)):
        return row
    return {**row, "stacktrace": {**stack, "frames": kept}}


def _frame(frame: dict[str, Any]) -> dict[str, Any]:
    number = frame.get("lineno")
    if number is not None and type(number) is not int:
        frame = {name: value for name, value in frame.items() if name != "lineno"}
    return _with_texts(frame, _FRAME_TEXTS)
