"""Matches all rules' anchors on serialised bytes in one pass; checks a value's size before that."""

import re
from collections.abc import Callable, Sequence
from gc import get_referents
from importlib import import_module
from importlib.util import find_spec
from sys import getsizeof
from typing import Any

from securenet_obs.redaction.rules.rule import Rule, TextRule

PLAIN_CONTAINERS = frozenset((dict, list, tuple))
"""Containers that are serialised and prefiltered before a walk."""

_MAX_SERIALISED = 64_000_000
_MAX_SERIALISED_DEPTH = 256
_MAX_UNMEASURED = 1024
_CHUNK = 64
_ASCII_ALIASES = rb"\\u(?:00[2-7]|01[37]|212[Aa])|\\/|\xc5\xbf|\xc4[\xb0\xb1]|\xe2\x84\xaa"
"""Escaped ASCII, and the letters that fold into ASCII (long s, dotted and dotless i, kelvin)."""


class Prefilter:
    """The anchors of all rules, compiled to one automaton."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        anchors = [_anchor(rule) for rule in rules]
        self._all = range(len(rules))
        self.pattern = b"|".join([_ASCII_ALIASES, *anchors])
        self.search = self._compile([*anchors, _ASCII_ALIASES])
        """Function that returns the anchors that occur in some bytes, a false value without any."""

    def _compile(self, anchors: Sequence[bytes]) -> Callable[[bytes], Any]:
        if find_spec("re2") is None:  # correct without it, but a hundred times slower
            return re.compile(self.pattern).search
        re2 = import_module("re2")
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.never_capture = True
        options.max_mem = 64 << 20
        anchor_set = re2.Set.SearchSet(options)
        for anchor in anchors:
            anchor_set.Add(anchor)
        anchor_set.Compile()
        search: Callable[[bytes], Any] = anchor_set.Match
        return search

    def matching_rules(self, data: bytes) -> Sequence[int]:
        """Return the indices of the rules that may apply; of all rules if the bytes are escaped."""
        found = self.search(data)
        if not isinstance(found, list):
            return self._all
        return sorted(found) if len(self._all) not in found else self._all


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


def _anchor(rule: Rule) -> bytes:
    return rule.anchor.encode() if isinstance(rule, TextRule) else rule.anchor
