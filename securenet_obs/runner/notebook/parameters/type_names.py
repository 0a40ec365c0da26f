"""Parameter types in messages: noun, examples, choices, union members; spelling of a value."""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from types import NoneType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

_NOUNS: dict[Any, tuple[str, str]] = {
    bool: ("a boolean", "true"),
    int: ("an integer", "10"),
    float: ("a number", "2.5"),
    str: ("a text", "text"),
    date: ("a date", "2026-01-31"),
    datetime: ("a date with a time", "2026-01-31T12:00:00Z"),
    timedelta: ("a duration", "PT90S"),
    NoneType: ("null", "null"),
}
"""The noun for each type, and an example."""


def members(annotation: Any) -> list[Any]:
    """Return the member types of a union, each without its annotations."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    if get_origin(annotation) is Union:
        return [member for part in get_args(annotation) for member in members(part)]
    return [NoneType if annotation is None else annotation]


def choices(types: Iterable[Any]) -> Iterator[Any]:
    """Yield every value of the `Literal` types among these."""
    for member in types:
        if get_origin(member) is Literal:
            yield from get_args(member)


def noun(annotation: Any) -> str:
    """Return the type's name for messages, such as `an integer or null`."""
    return " or ".join(dict.fromkeys(map(_noun, members(annotation))))


def _noun(member: Any) -> str:
    if get_origin(member) is Literal:
        return f"one of {', '.join(map(repr, get_args(member)))}"
    if get_origin(member) is list:
        return "a JSON list"
    if get_origin(member) is dict:
        return "a JSON object"
    return _NOUNS.get(member, ("a value", ""))[0]


def examples(annotation: Any) -> Iterator[str]:
    """Yield example texts for a type; a range can refuse some of them."""
    for member in members(annotation):
        yield from map(spelled, choices([member]))
        if member in _NOUNS and member is not NoneType:
            yield _NOUNS[member][1]
        if get_origin(member) is list:
            yield from (f"[{text}]" for text in _json_examples(get_args(member)[0]))
            yield "[]"
        if get_origin(member) is dict:
            yield from (f'{{"name": {text}}}' for text in _json_examples(get_args(member)[1]))
            yield "{}"
    yield from map(spelled, _bounds(annotation))


def _json_examples(annotation: Any) -> Iterator[str]:
    """Yield examples as JSON texts."""
    for text in examples(annotation):
        try:
            json.loads(text)
        except ValueError:
            yield json.dumps(text)
        else:
            yield text
            yield json.dumps(text)


def _bounds(annotation: Any) -> Iterator[Any]:
    """Yield values at, between and next to the bounds of a range."""
    found: dict[str, Any] = {}
    parts = get_args(annotation)
    for field in parts[1:] if get_origin(annotation) is Annotated else ():
        for bound in getattr(field, "metadata", ()):
            names = (name for name in ("ge", "gt", "le", "lt") if hasattr(bound, name))
            found |= {name: getattr(bound, name) for name in names}
    low, high = found.get("ge", found.get("gt")), found.get("le", found.get("lt"))
    numbers = [value for value in (low, high) if isinstance(value, int | float)]
    yield from numbers
    if len(numbers) == 2:
        yield (numbers[0] + numbers[1]) / 2
    yield from (value + step for value in numbers for step in (1, -1))


def spelled(value: Any) -> str:
    """Return a value's text for `name=value`."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case timedelta():
            return f"PT{value.total_seconds():g}S"
        case datetime() | date():
            return value.isoformat()
        case list() | dict():
            return json.dumps(value, default=spelled)
    return str(value)
