"""Encodes and decodes JSON of the store's columns; NaN and infinities become valid JSON."""

import json
import re
from typing import Any

import orjson

_KEY = "$float"
_NUMBERS = ("NaN", "Infinity", "-Infinity")
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|-?Infinity|NaN')
# `{"` always begins an object with a key: inside of a string, quotes are escaped.
_LIKE_NUMBER = re.compile(r'\{"(?=\$+float": ?"(?:NaN|-?Infinity)"\})')
_ESCAPED_KEY = re.compile(r"\$\$+float")

# Types that JSON lacks are errors, as they are in Celery's messages.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def encode(value: Any) -> str:
    """Return a value as JSON that every database accepts.

    Python's own JSON has NaN, Infinity and -Infinity, and so have Celery's messages; here they are
    objects such as `{"$float": "NaN"}`. The same object in the value gets another `$`.

    Raises:
        TypeError: JSON has no such value.
    """
    text = _encode_fast(value)
    if text is not None:
        return _escape(text)
    return _TOKENS.sub(_replace, _escape(json.dumps(value)))


def decode(text: str | bytes) -> Any:
    """Return the value of JSON that `encode` made."""
    if isinstance(text, bytes):
        text = text.decode()
    return json.loads(text, object_hook=_restore if f'{_KEY}"' in text else None)


def _encode_fast(value: Any) -> str | None:
    """Return a value as JSON; None if it has numbers, texts or a depth that orjson lacks.

    Python's encoder takes five times as long, twice as long for a value with nulls, and no other
    thread of the process runs meanwhile.
    """
    try:
        written = orjson.dumps(value, option=_OPTIONS)
    except orjson.JSONEncodeError:
        return None
    # It writes NaN as null.
    if b"null" in written and orjson.loads(written) != value:
        return None
    return written.decode()


def _escape(text: str) -> str:
    return _LIKE_NUMBER.sub('{"$', text) if f'{_KEY}"' in text else text


def _replace(token: re.Match[str]) -> str:
    return token[0] if token[0].startswith('"') else f'{{"{_KEY}": "{token[0]}"}}'


def _restore(found: dict[str, Any]) -> Any:
    if len(found) != 1:
        return found
    ((key, value),) = found.items()
    if value not in _NUMBERS:
        return found
    if key == _KEY:
        return float(value)
    return {key[1:]: value} if _ESCAPED_KEY.fullmatch(key) else found
