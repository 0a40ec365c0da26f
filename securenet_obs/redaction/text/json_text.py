"""Parses a text that is a JSON object or array, and writes it back in its original style."""

import json
import math
import re
from typing import Any

NOT_JSON = object()


def read_json(body: str) -> Any:
    """Parse `body` as an object or array; `NOT_JSON` if it is neither or cannot be written back."""
    if body[:1] + body[-1:] not in ("{}", "[]"):
        return NOT_JSON
    try:
        return json.loads(body, object_pairs_hook=_members, parse_float=_finite)
    except (ValueError, RecursionError):
        return NOT_JSON


class _Name(str):
    """A member's name that equals only itself, since a JSON object may repeat a name."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else {_Name(key): item for key, item in pairs}


def _finite(text: str) -> float:
    """Parse a number; refuse one that would be written as infinity."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def write_like(body: str, document: object) -> str:
    """Return the document as JSON, with the spaces and escapes of the original."""
    indent = re.match(r"[\[{]\r?\n( *)", body)
    compact = indent is None and re.match(r"[\[{]\s*+\"[^\"\\]*+(?:\\.[^\"\\]*+)*\":\S", body)
    return json.dumps(
        document,
        ensure_ascii=body.isascii(),
        indent=len(indent[1]) if indent else None,
        separators=(",", ":") if compact else None,
    )
