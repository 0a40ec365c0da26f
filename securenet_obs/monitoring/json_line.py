"""One event -> one line of strict JSON: always valid, at most 64 KiB, secrets masked."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

import orjson

from securenet_obs.redaction import redact

LONGEST_LINE = 64 * 1024
"""Bytes of a line, its newline included."""

REQUIRED = ("timestamp", "level", "logger", "event", "service", "environment", "release")
"""Fields that are in every line, whatever had to be cut."""

_LARGEST_INT = 2**63 - 1
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True)
class _Bounds:
    """How much of a value is kept."""

    characters: int
    items: int
    depth: int


# The first keeps eight times what can reach the line, so that no secret is halved before it is
# masked; the others are tried in turn until the line fits.
_READ = _Bounds(characters=8 * LONGEST_LINE, items=2_000, depth=32)
_CUTS = (
    _Bounds(characters=8_192, items=200, depth=12),
    _Bounds(characters=1_024, items=40, depth=8),
    _Bounds(characters=256, items=10, depth=5),
)


def json_line(event: Mapping[str, Any]) -> bytes:
    """Return `event` as one line of strict JSON with its newline, secrets masked.

    What JSON has no name for (NaN, surrogates, huge integers, other keys than text, cycles, objects
    whose `repr` raises) becomes null or text. A line that would be too long is cut and says so in a
    field `truncated`.
    """
    line = _dumped(event)
    told = orjson.loads(line)
    clean = redact(told)
    if clean is not told:
        line = _dumped(clean if isinstance(clean, dict) else {"event": "unredactable"})
    return (line if len(line) < LONGEST_LINE else _cut(orjson.loads(line))) + b"\n"


def _dumped(event: Mapping[str, Any]) -> bytes:
    """Return strict JSON; the fast way for ordinary values, the walk for the rest."""
    try:
        line = orjson.dumps(event, default=_named, option=_OPTIONS)
    except (TypeError, RecursionError):
        return orjson.dumps(plain(event, _READ))
    return line if len(line) < _READ.characters else orjson.dumps(plain(event, _READ))


def _cut(event: Mapping[str, Any]) -> bytes:
    for bounds in _CUTS:
        line = orjson.dumps({**plain(event, bounds), "truncated": True})
        if len(line) < LONGEST_LINE:
            return line
    kept = {name: event[name] for name in REQUIRED if name in event}
    return orjson.dumps({**plain(kept, _CUTS[-1]), "truncated": True})


def plain(value: Any, bounds: _Bounds = _READ) -> Any:
    """Return `value` as what strict JSON can say, within bounds; cycles end at the depth."""
    match value:
        case None | bool():
            return value
        case str():
            return _text(value, bounds.characters)
        case int():
            return int(value) if abs(value) <= _LARGEST_INT else _large(value)
        case float():
            return float(value)
    if bounds.depth == 0:
        return "…"
    inner = _Bounds(bounds.characters, bounds.items, bounds.depth - 1)
    match value:
        case Mapping():
            pairs = list(zip(value.items(), range(bounds.items), strict=False))
            return {_key(key, bounds): plain(item, inner) for (key, item), _ in pairs}
        case list() | tuple() | Set():
            return [plain(item, inner) for item, _ in zip(value, range(bounds.items), strict=False)]
    named = _named(value)
    return _text(named, bounds.characters) if isinstance(named, str) else plain(named, inner)


def _named(value: Any) -> Any:
    """Return a stand-in for what JSON cannot say: orjson calls this for such objects."""
    match value:
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode("utf-8", "backslashreplace")
        case Set():
            return list(value)
        case Mapping():
            return dict(value)
        case _:
            return _shown(value)


def _shown(value: object) -> str:
    """Return `repr(value)`, or a text that says that it has none."""
    try:
        return repr(value)[: _READ.characters]
    except Exception:  # noqa: BLE001 a repr is anybody's code and may raise anything
        return f"<{type(value).__name__} without a repr>"


def _text(text: str, characters: int) -> str:
    shortened = text if len(text) <= characters else f"{text[:characters]}…"
    return shortened.encode("utf-8", "backslashreplace").decode("utf-8")


def _large(number: int) -> str:
    """Return an integer beyond 64 bits as text; Python itself refuses to print the very long."""
    return (
        str(number) if number.bit_length() <= 4096 else f"<integer of {number.bit_length()} bits>"
    )


def _key(key: object, bounds: _Bounds) -> str:
    return _text(key if isinstance(key, str) else _shown(key), bounds.characters)
