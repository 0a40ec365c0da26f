"""Describes a value, or a variable as a cell would see it, as bounded text with types."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from securenet_obs.runner.notebook.parameters.secret import Secret

MAX_TEXT_LENGTH = 500
"""Maximum length of a value that is compared as it is; a longer one is compared by digest."""

NOT_DEFINED = "no value"


def described(value: Any) -> str:
    """Return the value's text with the type of each part, in a few lines at most; never raise.

    Only the exact types that a parameter may have are inspected. A value of any other class, a
    subclass of these included, is described by its class name: its own methods are never called.
    """
    try:
        text = _described(value)
    except RecursionError:
        text = f"{type(value).__name__} (nested too deeply)"
    if len(text) <= MAX_TEXT_LENGTH:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[:MAX_TEXT_LENGTH]}… ({len(text):,} characters, sha256 {digest})"


def _described(value: Any) -> str:
    kind = type(value)
    if kind in (list, tuple):
        return f"{kind.__name__} [{', '.join(map(_described, value))}]"
    if kind is dict:
        pairs = (f"{_described(name)}: {_described(part)}" for name, part in value.items())
        return f"dict {{{', '.join(pairs)}}}"
    return _leaf(value, kind)


def _leaf(value: Any, kind: type) -> str:
    if value is None:
        return "None"
    if kind is str:
        return f"str {json.dumps(value)}"
    if kind in (bool, float):
        return f"{kind.__name__} {value!r}"
    if kind is int:
        # Python refuses to convert a very long integer to decimal.
        return f"int {value if value.bit_length() < 64 else hex(value)}"
    if kind in (date, datetime):
        return f"{kind.__name__} {value.isoformat()}"
    if kind is timedelta:
        return f"timedelta {value.days} d {value.seconds} s {value.microseconds} µs"
    if kind is Secret:
        return f"Secret {value.reference}"
    return f"{kind.__module__}.{kind.__qualname__}"


def read(name: str, variables: dict[str, Any], local: Mapping[str, Any]) -> str:
    """Return the description of a variable as a cell would see it.

    Args:
        name: name of the variable.
        variables: the cell's global variables.
        local: the cell's local variables, which take precedence.
    """
    try:
        return described(eval(name, variables, local))  # noqa: S307 - a name, looked up
    except NameError:
        return NOT_DEFINED
    except Exception as error:  # noqa: BLE001 - a namespace of a notebook's own may raise anything
        return f"not readable: {type(error).__name__}"
