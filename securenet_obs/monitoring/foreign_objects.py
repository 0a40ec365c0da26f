"""Reads exceptions, attributes, class names and texts of objects whose methods may lie or raise.

An exception may define `__getattr__`, properties named `__cause__` or `__class__`, a metaclass, or
a `__str__` that raises. The descriptors of `BaseException` and `type` are read instead: a subclass
cannot replace them.
"""

from types import TracebackType
from typing import Any, TypeGuard

_MAX_NOTES = 50

_dict = vars(BaseException)["__dict__"]
_cause = vars(BaseException)["__cause__"]
_context = vars(BaseException)["__context__"]
_suppress_context = vars(BaseException)["__suppress_context__"]
_traceback = vars(BaseException)["__traceback__"]
_members = vars(BaseExceptionGroup)["exceptions"]
_name = vars(type)["__name__"]
_module = vars(type)["__module__"]


def is_exception(value: object) -> TypeGuard[BaseException]:
    """Return whether the value is an exception; unlike isinstance, never read its `__class__`."""
    return issubclass(type(value), BaseException)


def cause_of(error: BaseException) -> BaseException | None:
    """Return the exception's cause, which `raise ... from` set."""
    cause: BaseException | None = _cause.__get__(error)
    return cause


def context_of(error: BaseException) -> BaseException | None:
    """Return the exception that was being handled when this one was raised, also if suppressed."""
    context: BaseException | None = _context.__get__(error)
    return context


def suppresses_context(error: BaseException) -> bool:
    """Return whether the context is hidden, as by `raise ... from`."""
    return bool(_suppress_context.__get__(error))


def traceback_of(error: BaseException) -> TracebackType | None:
    """Return the exception's traceback, None if it was not raised."""
    trace: TracebackType | None = _traceback.__get__(error)
    return trace


def members_of(error: BaseException) -> tuple[BaseException, ...]:
    """Return the exceptions of a group, empty for any other exception."""
    if not issubclass(type(error), BaseExceptionGroup):
        return ()
    members: tuple[BaseException, ...] = _members.__get__(error)
    return members


def notes_of(error: BaseException) -> list[str]:
    """Return the first 50 notes that `add_note` added to the exception, as texts."""
    notes = own_attribute(error, "__notes__")
    if not issubclass(type(notes), list):
        return []
    return [text_of(note) for note in list.__getitem__(notes, slice(_MAX_NOTES))]


def own_attribute(error: BaseException, name: str) -> Any:
    """Return an attribute of the instance alone, None without it; no code of its class runs."""
    try:
        return dict.get(_dict.__get__(error), name)
    except Exception:  # noqa: BLE001 the keys of its dict may be foreign objects that compare
        return None


def set_own_attribute(error: BaseException, name: str, value: object) -> None:
    """Set an attribute of the instance, also if its class has slots or refuses attributes."""
    try:
        dict.__setitem__(_dict.__get__(error), name, value)
    except Exception:  # noqa: BLE001 the keys of its dict may be foreign objects that compare
        return


def type_name(kind: type) -> str:
    """Return the name of a class, also if its metaclass answers another."""
    return plain_text(_name.__get__(kind))


def module_name(kind: type) -> str | None:
    """Return the name of the module that defines a class, None if it is not a text."""
    module = _module.__get__(kind)
    return plain_text(module) if issubclass(type(module), str) else None


def text_of(value: object) -> str:
    """Return `str(value)`; if that raises, its `repr`, or a text in angle brackets."""
    if type(value) is str:
        return value
    try:
        is_text = issubclass(type(value), str)
        return plain_text(value if is_text else str(value))  # type: ignore[arg-type]
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 foreign code may raise anything
        return repr_of(value)


def repr_of(value: object) -> str:
    """Return `repr(value)`, or a text in angle brackets if that raises."""
    try:
        return plain_text(repr(value))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 foreign code may raise anything
        return f"<{type_name(type(value))} without a repr>"


def plain_text(text: str) -> str:
    """Return the characters of a text as an exact `str`: a subclass may replace every method."""
    return str.__str__(text)
