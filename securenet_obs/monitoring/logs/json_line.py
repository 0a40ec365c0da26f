"""Serialises an event as one line of strict JSON: always valid, at most 64 KiB, secrets masked."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import PosixPath
from typing import Any
from uuid import UUID

import orjson

from securenet_obs.monitoring.logs.values.json_values import (
    Bounds,
    plain_event,
    substitute,
    to_plain,
)
from securenet_obs.redaction import Redactor
from securenet_obs.redaction.sizes import is_small

MAX_LINE_BYTES = 64 * 1024
"""Maximum bytes of a line, including its newline."""

REQUIRED = ("timestamp", "level", "logger", "event", "service", "environment", "release")
"""Fields that every line has, even if it was cut."""

_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_SCALARS = frozenset(
    (str, int, float, bool, type(None), bytes, date, datetime, time, Decimal, PosixPath, UUID)
)
"""Types of single texts and numbers: an event with only these cannot be larger than it seems."""
_FLAT = frozenset((str, int, float, bool, type(None)))
"""Types of values that are in JSON as they are."""

# The first keeps eight times the length of a line, so that no secret is cut in two before it is
# masked; the others are tried in turn until the line fits.
_BOUNDS = Bounds(characters=8 * MAX_LINE_BYTES, items=2_000, depth=32)
_CUT_BOUNDS = (
    Bounds(characters=8_192, items=200, depth=12),
    Bounds(characters=1_024, items=40, depth=8),
    Bounds(characters=256, items=10, depth=5),
)

_SMALL_FIELD = 256
"""Bytes of a field that is kept whole in a line that is cut."""

_redactor = Redactor()
search = _redactor.search


def json_line(event: Mapping[str, Any], head: bytes = b"{") -> bytes:
    """Return `event` as one line of strict JSON with its newline, secrets masked.

    Values that JSON cannot represent (NaN, surrogates, huge integers, keys other than text, cycles,
    objects with a `repr` that raises) become null or text. A line that would be too long is cut and
    marked by a field `truncated`.

    Args:
        event: the fields; not empty if there is a head.
        head: the start of the line, already JSON and without secrets: `{"level":"info",`.
    """
    body = _serialise(event)
    if body is None:
        event = plain_event(event, _BOUNDS)
        body = orjson.dumps(event)
    if found := search(body):
        body = _redact(event, body, found)
    if len(head) + len(body) > MAX_LINE_BYTES:
        body = _cut(orjson.loads(body), MAX_LINE_BYTES - len(head))
    return b"%b%b\n" % (head, body[1:])


def _redact(event: Mapping[str, Any], body: bytes, found: Sequence[int]) -> bytes:
    """Return the body of a line without secrets; `found` are the anchors in it.

    All names are text, since orjson has serialised them.
    """
    is_flat = type(event) is dict and _FLAT.issuperset(map(type, event.values()))
    redacted = _redactor.walk(event if is_flat else orjson.loads(body), body, found)
    return orjson.dumps(redacted if type(redacted) is dict else {"event": "unredactable"})


def _serialise(event: Mapping[str, Any]) -> bytes | None:
    """Return strict JSON, None if the event's values have to be made plain first."""
    try:
        if _SCALARS.issuperset(map(type, event.values())) or is_small(event, _BOUNDS.characters):
            line = orjson.dumps(event, default=substitute, option=_OPTIONS)
            if len(line) < _BOUNDS.characters:
                return line
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 a value's own code raises, also a class that is not hashable
        return None
    return None


def _cut(event: Mapping[str, Any], max_bytes: int) -> bytes:
    """Return an event that fits: cut its large fields, then leave out the largest."""
    sizes = {name: len(orjson.dumps({name: value})) for name, value in event.items()}
    for bounds in _CUT_BOUNDS:
        fields = {
            name: value if sizes[name] <= _SMALL_FIELD else to_plain(value, bounds)
            for name, value in event.items()
        }
        line = orjson.dumps({**fields, "truncated": True})
        if len(line) <= max_bytes:
            return line
    return _drop(fields, max_bytes)


def _drop(event: Mapping[str, Any], max_bytes: int) -> bytes:
    """Return an event with as many fields as fit: the required ones, then the smallest."""
    sizes = {name: len(orjson.dumps({name: value})) for name, value in event.items()}
    kept = {"truncated": True}
    max_bytes -= len(orjson.dumps(kept))
    for name in sorted(event, key=lambda name: (name not in REQUIRED, sizes[name])):
        max_bytes -= sizes[name]
        if max_bytes < 0:
            break
        kept[name] = event[name]
    return orjson.dumps(kept)
