"""Estimates whether a value's JSON is small before it is serialised, in bounded work."""

from gc import get_referents
from sys import getsizeof
from typing import Any

_MAX_SERIALISED = 64_000_000
_MAX_SERIALISED_DEPTH = 256
_MAX_UNMEASURED = 1024
_CHUNK = 64


def is_small(value: object, most: int = _MAX_SERIALISED) -> bool:
    """Return whether a value's JSON is small: shared parts may make it grow without limit.

    Parts are followed level by level, each as often as it occurs. Beyond `_MAX_UNMEASURED` parts,
    their bytes count, too; so a small value is at most `_MAX_UNMEASURED` times its longest text, or
    `most` bytes.
    """
    level = [value]
    parts = 0
    for _ in range(_MAX_SERIALISED_DEPTH):
        # Names are not counted: the keys of a dict with only text keys are not referents.
        parts += len(level)
        if parts > _MAX_UNMEASURED:
            if type in map(type, level):  # reached the class of an object, and would go on
                return False
            most -= _bytes_of(level)
        if most < 0:
            return False
        level = get_referents(*level) if len(level) <= _CHUNK else _referents(level, most)
        if not level:
            return True
    return False


def _referents(level: list[Any], most: int) -> list[Any]:
    """Return the referents of a level, or the first of them if they are more than `most`."""
    found: list[Any] = []
    for start in range(0, len(level), _CHUNK):
        found += get_referents(*level[start : start + _CHUNK])
        if len(found) > most:
            break
    return found


def _bytes_of(level: list[Any]) -> int:
    try:
        return sum(map(getsizeof, level))
    except Exception:  # noqa: BLE001 an object's __sizeof__ is foreign code
        return _MAX_SERIALISED + 1
