"""Matches all rules' anchors on serialised bytes in one pass, by an automaton."""

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

_ASCII_ALIASES = rb"\\u(?:00[2-7]|01[37]|212[Aa])|\\/|\xc5\xbf|\xc4[\xb0\xb1]|\xe2\x84\xaa"
"""Escaped ASCII, and the letters that fold into ASCII (long s, dotted and dotless i, kelvin)."""


class Prefilter:
    """The anchors of all rules, compiled to one automaton."""

    def __init__(self, anchors: Sequence[bytes]) -> None:
        self._all = range(len(anchors))
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

    def matching_rules(self, found: object) -> Sequence[int]:
        """Return the rules' indices in a result of `search`; all, if the bytes are escaped."""
        if not isinstance(found, list):
            return self._all
        return sorted(found) if len(self._all) not in found else self._all
