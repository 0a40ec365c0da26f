"""Converts the keys of an event's mappings to texts, before Sentry's SDK serialises them."""

from collections import deque
from typing import Any

import orjson

from securenet_obs.monitoring.foreign_objects import text_of

_MAX_DEPTH = 16


def with_text_keys(value: Any, depth: int = _MAX_DEPTH) -> Any:
    """Return a value with only texts as keys of its dicts; the value itself if they are already.

    The SDK loses a whole mapping, all tags for instance, if `str` of one of its keys raises.
    """
    try:
        orjson.dumps(value, default=lambda _: None)
    except (TypeError, RecursionError):
        return _rename_keys(value, depth)
    return value


def _rename_keys(value: Any, depth: int) -> Any:
    if depth == 0:
        return value
    if type(value) is dict:
        return {text_of(key): _rename_keys(item, depth - 1) for key, item in value.items()}
    if type(value) in (list, tuple, deque):
        return [_rename_keys(item, depth - 1) for item in value]
    return value
