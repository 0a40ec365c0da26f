"""Spellings of a known secret: as it is, escaped, percent-encoded, in hexadecimal and base64."""

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus


def find_escapes(value: str) -> Iterator[str]:
    """Yield a value as it is, and as JSON (also within JSON), HTML, Python and URLs escape it."""
    raw = value.encode("utf-8", "surrogateescape")
    yield from (value, value.strip(), html.escape(value), html.escape(value, quote=False))
    for text in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield text
        yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    for percent in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield percent
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), percent)


def find_encodings(raw: bytes) -> Iterator[str]:
    """Yield bytes in hexadecimal and base64, at every offset within encoded bytes.

    Two values of one length have as many encodings, of the same lengths in the same order.
    """
    yield from (raw.hex(), raw.hex().upper())
    for shift in range(3):
        core = _base64_core(raw, shift)
        yield from (core, core.replace("+", "-").replace("/", "_"))


def _base64_core(raw: bytes, shift: int) -> str:
    """Return the part of a base64 text that does not depend on the bytes around these.

    Args:
        raw: the bytes.
        shift: number of bytes before them in their group of three, 0 to 2.
    """
    text = base64.b64encode(b"\0" * shift + raw).decode()
    first = (0, 2, 3)[shift]
    incomplete = (shift + len(raw)) % 3
    return text[first:] if not incomplete else text.rstrip("=")[first:-1]
