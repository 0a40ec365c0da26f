"""Finds the fields of a flat JSON object that contain one of several words, from its bytes."""

from collections.abc import Sequence
from typing import Any

_FLAT = frozenset((str, int, float, bool, type(None)))


def suspect_fields(
    data: bytes, value: dict[str, Any], words: Sequence[bytes]
) -> dict[str, None] | None:
    """Return the names of the texts of `value` with one of the words, None if they are not certain.

    Only a flat object of ASCII without escapes has certain positions: each quote is one of JSON's.

    Args:
        data: `value` as JSON, without spaces.
        words: ASCII in lower case, without quotes.
    """
    if b"\\" in data or not data.isascii():
        return None
    has_brackets = b"[" in data or data.find(b"{", 1) > 0
    if has_brackets and not _FLAT.issuperset(map(type, value.values())):
        return None
    lower = data.lower()
    found: dict[str, None] = {}
    for word in words:
        at = lower.find(word)
        while at >= 0:
            start = data.rfind(b'"', 0, at)
            if data[start - 1] == 58:  # a colon: the text is a value
                name_end = start - 2
                name = data[data.rfind(b'"', 0, name_end) + 1 : name_end].decode()
                if name in value:
                    found[name] = None
            quote = data.find(b'"', at)
            at = lower.find(word, quote) if quote >= 0 else -1
    return found
