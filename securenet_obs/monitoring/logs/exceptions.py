"""Converts an exception and its causes to a log line's structured frames, without local variables.

structlog's own converter reads attributes of the exception, which may be foreign code: one that
raises, or answers any name, would cost the line. The format is that of structlog.
"""

import os
from collections import deque
from collections.abc import Iterator
from itertools import islice
from types import TracebackType
from typing import Any

from securenet_obs.monitoring.foreign_objects import (
    cause_of,
    context_of,
    members_of,
    notes_of,
    plain_text,
    suppresses_context,
    text_of,
    traceback_of,
    type_name,
)

_MAX_PARTS = 50
_MAX_GROUPS = 10
_MAX_FRAMES = 50

_SYNTAX = {
    name: vars(SyntaxError)[name] for name in ("offset", "filename", "lineno", "text", "msg")
}


def exception_parts(error: BaseException, trace: TracebackType | None) -> list[dict[str, Any]]:
    """Return a part for the exception and each of its causes, including those never raised.

    A part of an exception group has the parts of each member in `exceptions`. At most 50 parts are
    returned in all, and groups within groups to a depth of ten.
    """
    return _Parts().chain(error, trace, _MAX_GROUPS)


class _Parts:
    """One conversion, with the exceptions that it has seen."""

    def __init__(self) -> None:
        # The exceptions themselves, so that their ids are not reused.
        self._seen: dict[int, BaseException] = {}

    def chain(
        self, error: BaseException, trace: TracebackType | None, depth: int
    ) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = []
        following: BaseException | None = error
        is_cause = False
        while following is not None and id(following) not in self._seen:
            if len(self._seen) == _MAX_PARTS:
                break
            error = following
            self._seen[id(error)] = error
            parts.append(self._part(error, trace, is_cause, depth))
            following = cause_of(error)
            is_cause = following is not None
            if following is None and not suppresses_context(error):
                following = context_of(error)
            trace = traceback_of(following) if following is not None else None
        return parts

    def _part(
        self, error: BaseException, trace: TracebackType | None, is_cause: bool, depth: int
    ) -> dict[str, Any]:
        members = members_of(error)[:_MAX_PARTS] if depth else ()
        chains = [self.chain(member, traceback_of(member), depth - 1) for member in members]
        return {
            "exc_type": type_name(type(error)),
            "exc_value": text_of(error),
            "exc_notes": notes_of(error),
            "syntax_error": _syntax_error(error),
            "is_cause": is_cause,
            "frames": _frames(trace),
            "is_group": issubclass(type(error), BaseExceptionGroup),
            "exceptions": [chain for chain in chains if chain],
        }


def _syntax_error(error: BaseException) -> dict[str, Any] | None:
    """Return the place of a syntax error, None for any other exception."""
    if not issubclass(type(error), SyntaxError):
        return None
    place = {name: member.__get__(error) for name, member in _SYNTAX.items()}
    return {
        "offset": _number(place["offset"]),
        "filename": _text(place["filename"], "?"),
        "line": _text(place["text"], ""),
        "lineno": _number(place["lineno"]),
        "msg": _text(place["msg"], ""),
    }


def _number(value: object) -> int:
    return value if type(value) is int else 0


def _text(value: object, default: str) -> str:
    return default if value is None else text_of(value)


def _frames(trace: TracebackType | None) -> list[dict[str, Any]]:
    """Return the first and the last frames of a traceback, and the number of those between."""
    frames = _walk(trace)
    first = list(islice(frames, _MAX_FRAMES // 2))
    skipped = -_MAX_FRAMES // 2
    last: deque[TracebackType] = deque(maxlen=_MAX_FRAMES // 2)
    for frame in frames:
        last.append(frame)
        skipped += 1
    shown = [_frame(frame) for frame in [*first, *last]]
    if skipped > 0:
        gap = {"filename": "", "lineno": -1, "name": f"Skipped frames: {skipped}"}
        shown.insert(len(first), gap)
    return shown


def _walk(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _absolute(filename: str) -> str:
    """Return the absolute path of a source file; names such as `<stdin>` stay unchanged."""
    try:
        return filename if filename[:1] in ("", "<") else os.path.abspath(filename)
    except OSError:  # the working folder was removed
        return filename


def _frame(trace: TracebackType) -> dict[str, Any]:
    code = trace.tb_frame.f_code
    return {
        "filename": _absolute(plain_text(code.co_filename)) or "?",
        "lineno": trace.tb_lineno,
        "name": plain_text(code.co_name),
    }
