"""Converts an exception, its causes and its group's members to Sentry's format, within bounds.

The SDK reads attributes of the exception itself, which may answer anything or raise: its event is
lost then, and the error of the attribute reaches business code. `install` replaces the SDK's
functions, so that its integrations and `sentry_sdk.capture_exception` use these, too.
"""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FrameType, TracebackType
from typing import Any, NoReturn, TypeAlias

from sentry_sdk.utils import filename_for_module

from securenet_obs.monitoring.foreign_objects import (
    cause_of,
    context_of,
    is_exception,
    members_of,
    module_name,
    notes_of,
    plain_text,
    suppresses_context,
    text_of,
    traceback_of,
    type_name,
)

ExcInfo: TypeAlias = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]

MAX_EXCEPTIONS = 50
"""Exceptions of one event: the error itself, its causes, and the members of groups."""

MAX_FRAMES = 100
"""Frames of one exception; the outermost quarter and the innermost three quarters are kept."""

_MAX_TEXT = 64 * 1024
_OUTER_FRAMES = MAX_FRAMES // 4

# Bugsink and Sentry keep no more than a few hundred characters of a name.
_MAX_NAME = 256

_HIDING_NAMES = ("__traceback_hide__", "__tracebackhide__")

_errno = vars(OSError)["errno"]
_mro = vars(type)["__mro__"]


@dataclass(frozen=True)
class _Part:
    """An exception of the tree: its number, its parent's, and the attribute that names it there."""

    error: BaseException
    number: int
    parent: int | None
    source: str | None


class _Serialised(dict[str, Any]):
    """A mapping of strict JSON, which the SDK's serialiser does not walk: that took longest."""

    def __sentry_repr__(self) -> dict[str, Any]:
        """Return the mapping itself, for the SDK's serialiser."""
        return dict(self)


def install() -> None:
    """Replace the SDK's reading and raising of exceptions in its imported modules.

    Upstream: no issue known (searched 2026-11-26). It can go when the SDK reads an exception by the
    descriptors of `BaseException`.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith("sentry_sdk."):
            for replaced, function in _REPLACED.items():
                if replaced in vars(module):
                    setattr(module, replaced, function)


def raise_again(_: object, error: BaseException, trace: TracebackType | None = None) -> NoReturn:
    """Raise an exception with its traceback, although it may refuse attributes."""
    if traceback_of(error) is not trace:
        BaseException.with_traceback(error, trace)
    raise error


def exc_info_of(error: BaseException | ExcInfo) -> ExcInfo:
    """Return the type, the exception and its traceback.

    Raises:
        ValueError: it is neither an exception nor such a tuple.
    """
    if is_exception(error):
        trace = traceback_of(error)
        if trace is None and sys.exc_info()[1] is error:
            trace = sys.exc_info()[2]
        return _plain_type(error), error, trace
    if type(error) is tuple and len(error) == 3:
        _, value, trace = error
        return (_plain_type(value), value, trace) if is_exception(value) else error
    raise ValueError(f"Expected an exception, got {type_name(type(error))}.")


def _plain_type(error: BaseException) -> type[BaseException]:
    """Return the exception's class, or its first base without a metaclass: that may raise."""
    bases: tuple[type[BaseException], ...] = _mro.__get__(type(error))
    return next(base for base in bases if type(base) is type)


def exception_values(
    exc_info: ExcInfo,
    client_options: dict[str, Any] | None = None,
    mechanism: dict[str, Any] | None = None,
    full_stack: list[dict[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """Return the `exception.values` of an event, the error itself last.

    Args:
        exc_info: as `sys.exc_info` returns it.
        client_options: the SDK's; frames have neither variables nor lines of source.
        mechanism: how the error was captured.
        full_stack: the SDK's option `add_full_stack`, which is off.
    """
    _, error, trace = exc_info
    if error is None or not is_exception(error):
        return []
    parts = list(_tree(error))
    has_group = any(members_of(part.error) for part in parts)
    values = []
    for part in parts:
        own_trace = trace if part.number == 0 else traceback_of(part.error)
        values.append(_value(part, own_trace, mechanism, has_group))
    return values[::-1]


def _tree(error: BaseException) -> Iterator[_Part]:
    """Yield the exception and all that it leads to, each once, a cause before a group's members."""
    seen: dict[int, BaseException] = {}
    waiting: list[tuple[BaseException, int | None, str | None]] = [(error, None, None)]
    while waiting and len(seen) < MAX_EXCEPTIONS:
        current, parent, source = waiting.pop()
        if id(current) in seen:
            continue
        number = len(seen)
        seen[id(current)] = current
        yield _Part(current, number, parent, source)
        members = members_of(current)[: MAX_EXCEPTIONS - number]
        following = [(each, number, f"exceptions[{at}]") for at, each in enumerate(members)]
        cause, name = _cause(current)
        if cause is not None:
            following.insert(0, (cause, number, name))
        waiting += reversed(following)


def _cause(error: BaseException) -> tuple[BaseException | None, str]:
    if suppresses_context(error):
        return cause_of(error), "__cause__"
    return context_of(error), "__context__"


def _value(
    part: _Part, trace: TracebackType | None, mechanism: dict[str, Any] | None, has_group: bool
) -> dict[str, Any]:
    error = part.error
    kind = type(error)
    module = module_name(kind)
    value = _Serialised(
        mechanism=_mechanism(part, mechanism, has_group),
        module=None if module == "builtins" else module and module[:_MAX_NAME],
        type=type_name(kind)[:_MAX_NAME],
        value=_message(error),
    )
    frames = list(_frames(trace))
    if frames:
        value["stacktrace"] = _cut(frames)
    return value


def _mechanism(part: _Part, mechanism: dict[str, Any] | None, has_group: bool) -> dict[str, Any]:
    result = dict(mechanism) if mechanism else {"type": "generic", "handled": True}
    if has_group:  # Sentry draws a tree then
        result["exception_id"] = part.number
        if part.parent is not None:
            result |= {"parent_id": part.parent, "type": "chained", "source": part.source}
        if members_of(part.error):
            result["is_exception_group"] = True
    number = _errno.__get__(part.error) if issubclass(type(part.error), OSError) else None
    if type(number) is int:
        result["meta"] = {"errno": {"number": number}}
    return result


def _message(error: BaseException) -> str:
    text = "\n".join([text_of(error), *notes_of(error)])
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"


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


def _cut(traces: list[TracebackType]) -> dict[str, Any]:
    """Return a stack trace; of a deep recursion the first and the last frames."""
    omitted = len(traces) - MAX_FRAMES
    if omitted <= 0:
        return {"frames": [_frame(trace) for trace in traces]}
    kept = traces[:_OUTER_FRAMES] + traces[_OUTER_FRAMES + omitted :]
    return {
        "frames": [_frame(trace) for trace in kept],
        "frames_omitted": [_OUTER_FRAMES, _OUTER_FRAMES + omitted],
    }


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


_REPLACED: dict[str, Callable[..., Any]] = {
    "exc_info_from_error": exc_info_of,
    "exceptions_from_error_tuple": exception_values,
    "reraise": raise_again,
}
"""Functions of `sentry_sdk.utils`, and their replacements."""
