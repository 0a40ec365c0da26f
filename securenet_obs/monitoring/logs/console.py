"""Formats a log line for a terminal: coloured text, control characters escaped, tracebacks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
import structlog

_RENDERERS = {
    colors: structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0) for colors in (False, True)
}
_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"


def console_line(line: bytes, *, colors: bool) -> bytes:
    """Return a JSON line as text; only an exception or a stack adds further lines.

    Every character that could control a terminal, or change the order of what it shows, is escaped:
    in names, values, events and tracebacks.
    """
    fields = orjson.loads(line)
    exception, stack = fields.pop("exception", None), fields.pop("stack", None)
    rendered = str(_RENDERERS[colors](None, "", _escape_values(fields)))
    lines = [rendered]
    if isinstance(stack, str):
        lines += _indented(stack)
    if isinstance(exception, list):
        lines += _traceback(exception)
    return ("\n".join(lines) + "\n").encode(errors="backslashreplace")


def escape(text: str) -> str:
    """Return a text with every character escaped that is not printable: `\\x1b`, `\\u202e`."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _escape_values(value: Any) -> Any:
    """Return a value of JSON with its names and texts escaped."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, list):
        return [_escape_values(item) for item in value]
    if isinstance(value, dict):
        return {escape(name): _escape_values(item) for name, item in value.items()}
    return value


def _indented(text: str) -> list[str]:
    return ["  " + escape(line) for line in text.splitlines()]


def _traceback(parts: Sequence[Any]) -> Iterator[str]:
    """Yield the lines of a traceback as Python prints it, the first cause first."""
    whole = [part for part in parts if isinstance(part, Mapping)]
    for number, part in reversed(list(enumerate(whole))):
        yield from _part(part)
        if number:
            yield from ("", _CAUSE if part.get("is_cause") else _CONTEXT, "")


def _part(part: Mapping[str, Any]) -> Iterator[str]:
    frames = part.get("frames") or []
    if frames:
        yield "Traceback (most recent call last):"
    for frame in frames:
        if frame["lineno"] < 0:
            yield f"  {escape(frame['name'])}"
        else:
            name, filename = escape(frame["name"]), escape(frame["filename"])
            yield f'  File "{filename}", line {frame["lineno"]}, in {name}'
    message = str(part.get("exc_value", "")).split("\n")
    first = f"{escape(str(part.get('exc_type')))}: {escape(message[0])}"
    yield first.removesuffix(": ")
    for line in message[1:]:
        yield f"    {escape(line)}"
    for note in part.get("exc_notes") or []:
        yield from _indented(str(note))
    for number, member in enumerate(part.get("exceptions") or [], 1):
        yield f"  +---------------- {number} ----------------"
        yield from (f"  | {line}" for line in _traceback(member))
