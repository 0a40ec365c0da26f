"""Decodes log lines as strict JSON (RFC 8259); detects inexact numbers, keeps integers exact."""

import json
import math
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from securenet_obs.probes.logs.records.rejection import KINDS, explain_rejection

Record = dict[str, Any]
"""A decoded line."""

_BETWEEN = os.urandom(6).hex()
_SEPARATOR = f',"{_BETWEEN}",'.encode()

_FEW_LINES = 8
"""Number of lines that are decoded one by one if one of them is not an object."""

_MAX_UINT64, _MIN_INT64 = 2.0**64, -(2.0**63)


class Decoded(NamedTuple):
    """The objects of a batch, their positions in it, and the rejected lines' with the reasons."""

    content: bytes
    records: list[Record]
    positions: Sequence[int]
    rejected: list[tuple[int, str]]

    def select_lines(self) -> Iterator[bytes]:
        """Yield the line of each record."""
        lines = self.content.split(b"\n")
        return (lines[position] for position in self.positions)


def decode_lines(content: bytes) -> Decoded:
    """Decode each line to an object; blank lines are left out."""
    decoded = Decoded(content, [], [], [])
    if not content.strip():
        return decoded
    values = _decode_at_once(content)
    if isinstance(values, list):
        return decoded._replace(records=values, positions=range(len(values)))
    lines = content.split(b"\n")
    for start, end in ((0, values), (values, values + 1), (values + 1, len(lines))):
        _decode_part(lines[start:end], start, decoded)
    return decoded


def _decode_part(lines: Sequence[bytes], first: int, decoded: Decoded) -> None:
    """Append the lines, of which the first is the line `first`: at once, or in parts."""
    values = _decode_at_once(b"\n".join(lines))
    if isinstance(values, list):
        decoded.records.extend(values)
        decoded.positions.extend(range(first, first + len(values)))  # type: ignore[attr-defined]
    else:
        _decode_halves(lines, first, decoded)


def _decode_halves(lines: Sequence[bytes], first: int, decoded: Decoded) -> None:
    """Append the lines: by halves around a bad one.

    Few lines, and those of which both halves have a bad one, are decoded one by one.
    """
    middle = len(lines) // 2
    halves = {0: lines[:middle], middle: lines[middle:]}
    records = {start: _decode_at_once(b"\n".join(half)) for start, half in halves.items()}
    if len(lines) <= _FEW_LINES or not any(isinstance(one, list) for one in records.values()):
        _decode_each(lines, first, decoded)
        return
    for start, half in halves.items():
        values = records[start]
        if isinstance(values, list):
            decoded.records.extend(values)
            decoded.positions.extend(range(first + start, first + start + len(half)))  # type: ignore[attr-defined]
        else:
            _decode_halves(half, first + start, decoded)


def _decode_each(lines: Sequence[bytes], first: int, decoded: Decoded) -> None:
    reasons: dict[bytes, str] = {}  # equal lines, of which a file may hold very many, are read once
    for position, line in enumerate(lines, first):
        reason = reasons.get(line)
        if reason is not None:
            decoded.rejected.append((position, reason))
        elif line.strip():
            value = _decode(line)
            if isinstance(value, dict):
                decoded.records.append(value)
                decoded.positions.append(position)  # type: ignore[attr-defined]
            else:
                reasons[line] = value
                decoded.rejected.append((position, value))


def _decode(line: bytes) -> Record | str:
    """Return the object of a line, or the reason why it has none."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return explain_rejection(line, error)
    return value if type(value) is dict else f"{KINDS[type(value)]} instead of an object"


def _decode_at_once(content: bytes) -> list[Record] | int:
    """Return the object of each line; if a line has none, the number of one that probably has none.

    A separator that no line contains takes the place of the line feeds. All of them are elements of
    the outer array, with one value between two of them, only if each line is one value.
    """
    joined = content.replace(b"\n", _SEPARATOR)
    try:
        values = orjson.loads(b"[%b]" % joined)
    except orjson.JSONDecodeError as error:
        # The position counts characters, not bytes, from before the first line.
        return joined.count(_SEPARATOR, 0, max(0, error.pos - 1))
    separators = (len(joined) - len(content)) // (len(_SEPARATOR) - 1)
    if len(values) != 2 * separators + 1 or values[1::2].count(_BETWEEN) != separators:
        return 0
    records: list[Record] = values[::2]
    return records if set(map(type, records)) == {dict} else 0


def has_inexact_integer(values: Iterable[Any]) -> bool:
    """Return whether a number, at any depth, may be an integer of which orjson made a float.

    orjson does so beyond the 64 bits of a machine integer.
    """
    return any(type(value) is float and _is_inexact(value) for value in _walk(values))


def has_inexact_float(values: Iterable[float]) -> bool:
    """Return the same for values that all are floats."""
    # Their norm takes a sixth of the comparisons' time; rounded, it is over half the size of each.
    is_large = math.hypot(*values) > -_MIN_INT64 / 2
    return is_large and (_is_inexact(max(values)) or _is_inexact(min(values)))


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
