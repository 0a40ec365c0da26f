"""JSON values that stores accept: replaces NUL, lone surrogates, NaN and Infinity."""

import re
from math import isfinite
from typing import Any

_UNSAFE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def storable(value: Any) -> Any:
    """Return a value of JSON, without NUL, lone surrogates, NaN and Infinity.

    Such a character is replaced by U+FFFD, such a number by its name. Other types are unchanged.
    """
    if isinstance(value, str):
        return _UNSAFE.sub(_REPLACEMENT, value)
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value
