"""ECS documents: the fields of a record as nested objects, as JSON lines carry them."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS


def to_line(fields: Mapping[str, Any], origin: Mapping[str, Any]) -> bytes:
    """Return a record's fields as one JSON line, with the place of its original in `log`.

    Args:
        fields: ECS fields by their dotted names.
        origin: further fields: `log.file.path`, `log.offset` and `log.index`.
    """
    return orjson.dumps(nest({**fields, **origin}), option=_OPTIONS)


def nest(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted names as nested objects."""
    document: dict[str, Any] = {}
    for name, value in fields.items():
        *parents, last = _parts(name)
        place = document
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return document


@lru_cache(4096)
def _parts(name: str) -> tuple[str, ...]:
    return tuple(name.split("."))
