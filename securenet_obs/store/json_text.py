"""Encodes and decodes JSON of the store's columns; NaN and infinities become valid JSON."""

import json
import re
from typing import Any

_KEY = "$float"
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|-?Infinity|NaN')


def encode(value: Any) -> str:
    """Return a value as JSON that every database accepts.

    Python's own JSON has NaN, Infinity and -Infinity, and so have Celery's messages; here they are
    objects such as `{"$float": "NaN"}`.
    """
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return _TOKENS.sub(_replace, json.dumps(value))


def decode(text: str | bytes) -> Any:
    """Return the value of JSON that `encode` made."""
    if isinstance(text, bytes):
        text = text.decode()
    return json.loads(text, object_hook=_restore if f'"{_KEY}"' in text else None)


def _replace(token: re.Match[str]) -> str:
    return token[0] if token[0].startswith('"') else f'{{"{_KEY}": "{token[0]}"}}'


def _restore(found: dict[str, Any]) -> Any:
    if found.keys() == {_KEY} and found[_KEY] in ("NaN", "Infinity", "-Infinity"):
        return float(found[_KEY])
    return found
