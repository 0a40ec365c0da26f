"""Decodes batches of log lines as strict JSON (RFC 8259); large integers stay exact."""

import json
import secrets
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from securenet_obs.probes.logs.records.rejection import KINDS, explain_rejection

Record = dict[str, Any]
"""A decoded line."""

_BETWEEN = secrets.token_hex(6)
_SEPARATOR = f',"{_BETWEEN}",'.encode()

_MAX_UINT64, _MIN_INT64 = 2.0**64, -(2.0**63)


class Decoded(NamedTuple):
    """The objects of a batch, their positions in it, and the rejected lines' with the reasons."""

    records: list[Record]
    positions: Sequence[int]
    rejected: list[tuple[int, str]]


def decode_lines(lines: Sequence[bytes]) -> Decoded:
    """Decode each line to an object; blank lines are left out."""
    values = _decode_at_once(lines)
    if values is not None and set(map(type, values)) == {dict}:
        return Decoded(values, range(len(lines)), [])
    decoded = Decoded([], [], [])
    for position, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            decoded.rejected.append((position, explain_rejection(line, error)))
            continue
        if type(value) is dict:
            decoded.records.append(value)
            decoded.positions.append(position)  # type: ignore[attr-defined]
        else:
            decoded.rejected.append((position, f"{KINDS[type(value)]} instead of an object"))
    return decoded


def _decode_at_once(lines: Sequence[bytes]) -> list[Any] | None:
    """Return the value of each line, or None if they cannot be decoded together.

    A separator that no line contains stands between the lines. All of them are elements of the
    outer array, with one value between two of them, only if each line is one value.
    """
    try:
        values: list[Any] = orjson.loads(b"[%b]" % _SEPARATOR.join(lines))
    except orjson.JSONDecodeError:
        return None
    is_aligned = len(values) == 2 * len(lines) - 1
    return values[::2] if is_aligned and values[1::2].count(_BETWEEN) == len(lines) - 1 else None


def has_inexact_integer(values: Iterable[Any]) -> bool:
    """Return whether a number, at any depth, may be an integer of which orjson made a float.

    orjson does so beyond the 64 bits of a machine integer.
    """
    return any(type(value) is float and _is_inexact(value) for value in _walk(values))


def has_inexact_float(values: Iterable[float]) -> bool:
    """Return the same for values that all are floats."""
    return _is_inexact(max(values)) or _is_inexact(min(values))


def _is_inexact(value: float) -> bool:
    return not _MIN_INT64 < value < _MAX_UINT64


def _walk(values: Iterable[Any]) -> Iterator[Any]:
    todo = [values]
    while todo:
        for value in todo.pop():
            yield value
            if type(value) is list:
                todo.append(value)
            elif type(value) is dict:
                todo.append(value.values())


def decode_exactly(line: bytes) -> Record:
    """Decode a line, which is valid JSON, with its integers exact whatever their size."""
    limit = sys.getrecursionlimit()
    # orjson accepts 1,024 levels; the decoder of the standard library takes a frame for each.
    sys.setrecursionlimit(limit + 2048)
    try:
        record: Record = json.loads(line)
    finally:
        sys.setrecursionlimit(limit)
    return record
