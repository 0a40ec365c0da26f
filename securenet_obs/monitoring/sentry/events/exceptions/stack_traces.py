"""Converts a traceback to a stack trace of Sentry's format: bounded, without hidden frames."""

import os
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FrameType, TracebackType
from typing import Any

from sentry_sdk.utils import filename_for_module

from securenet_obs.monitoring.foreign_objects import plain_text

MAX_FRAMES = 100
"""Frames of one exception; the outermost quarter and the innermost three quarters are kept."""

_OUTER_FRAMES = MAX_FRAMES // 4

_HIDING_NAMES = ("__traceback_hide__", "__tracebackhide__")


def stack_trace_of(trace: TracebackType | None) -> dict[str, Any] | None:
    """Return the stack trace, None without a frame; of a deep recursion the first and the last."""
    traces = list(_frames(trace))
    omitted = len(traces) - MAX_FRAMES
    if not traces:
        return None
    if omitted <= 0:
        return {"frames": [_frame(each) for each in traces]}
    kept = traces[:_OUTER_FRAMES] + traces[_OUTER_FRAMES + omitted :]
    return {
        "frames": [_frame(each) for each in kept],
        "frames_omitted": [_OUTER_FRAMES, _OUTER_FRAMES + omitted],
    }


def _frames(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        if not _is_hidden(trace.tb_frame):
            yield trace
        trace = trace.tb_next


def _is_hidden(frame: FrameType) -> bool:
    """Return whether the frame is the SDK's own, or its code hides it from stack traces."""
    if (_module(frame) or "").startswith("sentry_sdk."):
        return True
    names = frame.f_code.co_varnames
    return any(name in names and frame.f_locals.get(name) is True for name in _HIDING_NAMES)


def _frame(trace: TracebackType) -> dict[str, Any]:
    module = _module(trace.tb_frame)
    names = _code_names(trace.tb_frame.f_code, module)
    return {**names, "module": module, "lineno": trace.tb_lineno}


def _module(frame: FrameType) -> str | None:
    """Return the name of a frame's module; it may be any object."""
    module: Any = dict.get(frame.f_globals, "__name__")
    return plain_text(module) if issubclass(type(module), str) else None


@lru_cache(maxsize=4_096)
def _code_names(code: CodeType, module: str | None) -> dict[str, str | None]:
    """Return the names of a frame's file and function."""
    return {
        "filename": filename_for_module(module, code.co_filename),
        "abs_path": os.path.abspath(code.co_filename),
        "function": code.co_name,
    }
