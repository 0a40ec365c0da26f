"""Builds an event's `exception.values`: type, text, mechanism, stack of each linked exception."""

import sys
from types import TracebackType
from typing import Any, TypeAlias

from securenet_obs.monitoring.foreign_objects import (
    is_exception,
    members_of,
    module_name,
    notes_of,
    text_of,
    traceback_of,
    type_name,
)
from securenet_obs.monitoring.sentry.events.exceptions.stack_traces import stack_trace_of
from securenet_obs.monitoring.sentry.events.exceptions.tree import ExceptionPart, exceptions_of

ExcInfo: TypeAlias = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]

_MAX_TEXT = 64 * 1024

# Bugsink and Sentry keep no more than a few hundred characters of a name.
_MAX_NAME = 256

_errno = vars(OSError)["errno"]
_mro = vars(type)["__mro__"]


class _Serialised(dict[str, Any]):
    """A mapping of strict JSON, which the SDK's serialiser does not walk: that took longest."""

    def __sentry_repr__(self) -> dict[str, Any]:
        """Return the mapping itself, for the SDK's serialiser."""
        return dict(self)


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
    parts = list(exceptions_of(error))
    has_group = any(members_of(part.error) for part in parts)
    values = []
    for part in parts:
        own_trace = trace if part.number == 0 else traceback_of(part.error)
        values.append(_value(part, own_trace, mechanism, has_group))
    return values[::-1]


def _value(
    part: ExceptionPart,
    trace: TracebackType | None,
    mechanism: dict[str, Any] | None,
    has_group: bool,
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
    stack_trace = stack_trace_of(trace)
    if stack_trace is not None:
        value["stacktrace"] = stack_trace
    return value


def _mechanism(
    part: ExceptionPart, mechanism: dict[str, Any] | None, has_group: bool
) -> dict[str, Any]:
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
