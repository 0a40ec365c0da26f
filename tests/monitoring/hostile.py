"""Exceptions whose own attributes answer anything, or raise; each is one way to lose an event."""

from collections.abc import Callable, Iterator
from typing import Any


class _Outside(BaseException):
    """Not an `Exception`: `except Exception` does not catch it."""


def _raising(error: type[BaseException]) -> Any:
    def fail(*_: object, **__: object) -> Any:
        raise error("from an attribute")

    return fail


_ANSWERS: dict[str, Any] = {
    "None": lambda *_: None,
    "zero": lambda *_: 0,
    "a text": lambda *_: "text",
    "a list": lambda *_: [1, 2],
    "an object": lambda *_: object(),
    "a type": lambda *_: int,
    "a function": lambda *_: _raising(ValueError),
    "itself": lambda self, *_: self,
    "an attribute error": _raising(AttributeError),
    "a value error": _raising(ValueError),
    "a recursion error": _raising(RecursionError),
    "a stop iteration": _raising(StopIteration),
    "a base exception": _raising(_Outside),
}

_METHODS = (
    *("__getattr__", "__getattribute__", "__setattr__", "__delattr__", "__str__", "__repr__"),
    *("__eq__", "__hash__", "__bool__", "__len__", "__iter__", "__contains__", "__getitem__"),
    *("__format__", "__dir__", "__reduce__", "__reduce_ex__", "__call__", "__lt__", "__int__"),
)

_PROPERTIES = (
    *("__class__", "__dict__", "__cause__", "__context__", "__suppress_context__", "__notes__"),
    *("__traceback__", "args", "message", "detail", "errno", "exceptions", "status_code"),
    *("__module__", "__qualname__", "__name__", "__doc__", "__securenet_event__", "__slots__"),
    *("__sentry_repr__", "headers", "extensions", "reason", "code", "sentry_event_id"),
)


def _metaclass(name: str, answer: Any) -> type[type]:
    value = property(answer) if name.strip("_") in ("name", "qualname", "module") else answer
    return type("Meta", (type,), {name: value})


def _classes() -> Iterator[tuple[str, Callable[[], type[BaseException]]]]:
    for label, answer in _ANSWERS.items():
        for name in _METHODS:
            yield f"{name}: {label}", lambda n=name, a=answer: type("Odd", (Exception,), {n: a})
        for name in _PROPERTIES:
            space = {"__slots__": ()} if name == "__slots__" else {name: property(answer)}
            yield f"{name}: {label}", lambda s=space: type("Odd", (Exception,), s)
        for name in ("__name__", "__qualname__", "__module__", "__getattribute__", "__eq__"):
            if name == "__getattribute__" and label == "itself":
                continue
            yield (
                f"metaclass's {name}: {label}",
                lambda n=name, a=answer: _metaclass(n, a)("Odd", (Exception,), {}),
            )


def hostile_classes() -> dict[str, type[BaseException]]:
    """Return each class that Python lets one define, by the way in which it is hostile."""
    classes: dict[str, type[BaseException]] = {}
    for label, define in _classes():
        try:
            classes[label] = define()
        except BaseException:  # noqa: BLE001 Python itself refuses this class
            continue
    return classes


def raised(kind: type[BaseException]) -> BaseException:
    """Return a raised exception of this class, whose cause has the same class."""
    try:
        try:
            raise kind("hostile")
        except BaseException as cause:
            raise kind("hostile") from cause
    except BaseException as error:  # noqa: BLE001
        return error
