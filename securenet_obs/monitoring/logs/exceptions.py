"""Converts an exception and its causes to structured frames, without local variables."""

from types import TracebackType
from typing import Any

from structlog.tracebacks import ExceptionDictTransformer

_MAX_PARTS = 50

_transform = ExceptionDictTransformer(show_locals=False, max_frames=50)


def exception_parts(error: BaseException, trace: TracebackType | None) -> list[dict[str, Any]]:
    """Return a part for the exception and each of its causes, including those never raised."""
    parts: list[dict[str, Any]] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and len(parts) < _MAX_PARTS:
        chain = _transform((type(cause), cause, trace))
        chain[0]["is_cause"] = bool(parts)
        for part in chain:  # structlog follows causes only as long as they were raised
            if cause is None or id(cause) in seen:
                return parts
            seen.add(id(cause))
            parts.append(part)
            last, cause = cause, _raised_cause(cause)
        cause = last.__cause__
        trace = cause.__traceback__ if cause is not None else None
    return parts[:_MAX_PARTS]


def _raised_cause(error: BaseException) -> BaseException | None:
    cause = error.__cause__
    if cause is not None and cause.__traceback__ is not None:
        return cause
    return error.__context__
