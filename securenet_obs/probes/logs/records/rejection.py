"""Explains why a log line is not JSON, without quoting it."""

import json
from contextlib import suppress

import orjson

KINDS = {
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    type(None): "null",
}
"""Type of a JSON value that is not an object -> its name."""


def explain_rejection(content: bytes, error: orjson.JSONDecodeError) -> str:
    """Return the reason why a line is not JSON; positions count from 1."""
    try:
        text = content.decode()
    except UnicodeDecodeError as undecodable:
        return f"invalid UTF-8 at byte {undecodable.start + 1}"
    if error.msg == "unexpected end of data":
        return f"truncated line: the JSON ends at character {len(text.rstrip()) + 1}"
    if text.startswith("\0"):
        # A writer that does not append leaves them where its file was truncated.
        zeros = len(text) - len(text.lstrip("\0"))
        return f"{zeros} NUL bytes at the beginning: the file was truncated while it was written"
    constant = _find_constant(text)
    if constant:
        return f"{constant} is not valid JSON"
    return f"invalid JSON at character {error.pos + 1}: {error.msg}"


def _find_constant(text: str) -> str:
    """Return NaN, Infinity or -Infinity where one of them stands for a number."""
    found: list[str] = []
    if "NaN" in text or "Infinity" in text:
        with suppress(ValueError, RecursionError):
            json.loads(text, parse_constant=found.append)
    return found[0] if found else ""
