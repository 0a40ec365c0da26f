"""Computes the fingerprint that groups events into issues, from name, exception type and place.

Without a fingerprint, Sentry groups by the whole stack and Bugsink by the formatted text: one error
that is logged with different values is many issues there.
"""

import hashlib
import linecache
from collections.abc import Iterator, Mapping
from typing import Any

NAME = "event_name"
"""Key of a hint: the name of the log event, or the template of its message."""

_MAX_PART = 200


def fingerprint_of(event: Mapping[str, Any], name: str | None) -> list[str] | None:
    """Return the fingerprint of an error event, None if it has neither a name nor an exception.

    The place is the innermost frame of the service's own code and the innermost frame of all, each
    with its line of source instead of its number, which changes with every release. If the service
    is installed as a package, its own code is unknown; the frame that called the innermost package
    stands for it.

    Args:
        event: the event, as the SDK serialised it.
        name: its name in the log; the fields of the log call are not part of it.
    """
    names = [_short(name)] if name else []
    error = _last(_values(event.get("exception")))
    if error is None:
        return names or None
    kind = f"{error.get('module') or 'builtins'}.{error.get('type')}"
    return [*names, _short(kind), *map(_short, filter(None, _places(error)))]


def _short(text: str) -> str:
    """Return the text, or its start and a digest of the whole."""
    if len(text) <= _MAX_PART:
        return text
    return f"{text[:_MAX_PART]}…{_digest(text)}"


def _places(error: Mapping[str, Any]) -> Iterator[str]:
    stack = error.get("stacktrace")
    frames = _dicts(stack.get("frames") if isinstance(stack, Mapping) else None)
    innermost = _last(frames)
    if innermost is None:
        return
    own = _last([frame for frame in frames if frame.get("in_app") is True])
    caller = own or _last([frame for frame in frames if _package(frame) != _package(innermost)])
    for frame in (caller, innermost):
        if frame is not None:
            yield f"{frame.get('module') or frame.get('filename')}:{frame.get('function')}"
            yield _line(frame)
        if caller is innermost:
            return


def _package(frame: Mapping[str, Any]) -> str:
    return str(frame.get("module") or frame.get("filename")).partition(".")[0]


def _line(frame: Mapping[str, Any]) -> str:
    """Return a digest of the frame's line of source, or its number; the line may hold a secret."""
    number = frame.get("lineno")
    if not isinstance(number, int):
        return ""
    line = linecache.getline(str(frame.get("abs_path")), number).strip()
    return _digest(line) if line else str(number)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]


def _values(interface: object) -> list[Mapping[str, Any]]:
    return _dicts(interface.get("values") if isinstance(interface, Mapping) else interface)


def _dicts(rows: object) -> list[Mapping[str, Any]]:
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _last(rows: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return rows[-1] if rows else None
