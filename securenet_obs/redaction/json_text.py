"""JSON in a text: read as a value, written in the style it had."""

import json
import math
import re
from typing import Any

NOT_JSON = object()


def read_json(body: str) -> Any:
    """Return the object or array that `body` is; `NOT_JSON` if it is none that can be written."""
    if body[:1] + body[-1:] not in ("{}", "[]"):
        return NOT_JSON
    try:
        return json.loads(body, object_pairs_hook=_members, parse_float=_finite)
    except (ValueError, RecursionError):
        return NOT_JSON


class _Name(str):
    """A member's name that equals only itself: JSON may hold the same name twice."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else {_Name(key): item for key, item in pairs}


def _finite(text: str) -> float:
    """Return the number, and refuse one that would be written as infinity."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def written_like(body: str, document: object) -> str:
    """Return the document as JSON, with the spaces and the escapes of the original."""
    indent = re.match(r"[\[{]\r?\n( *)", body)
    compact = indent is None and re.match(r"[\[{]\s*+\"[^\"\\]*+(?:\\.[^\"\\]*+)*\":\S", body)
    return json.dumps(
        document,
        ensure_ascii=body.isascii(),
        indent=len(indent[1]) if indent else None,
        separators=(",", ":") if compact else None,
    )
