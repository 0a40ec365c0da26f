"""Errors that a backend refuses if they are sent as they are: too large, or not storable."""

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import sentry_sdk
import structlog

from securenet_obs.monitoring import capture_error


class Unprintable:
    """An object without a text."""

    def __str__(self) -> str:
        """Raise."""
        raise RuntimeError("no text")

    __repr__ = __str__


def _nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"inner": value}
    return value


def _recurse(depth: int) -> None:
    if depth == 0:
        raise ValueError("deep")
    _recurse(depth - 1)


def _deep_recursion() -> None:
    sys.setrecursionlimit(30_000)
    try:
        _recurse(10_000)
    except ValueError as error:
        capture_error(error)


def _notes() -> None:
    error = ValueError("notes")
    for number in range(1_000):
        error.add_note(f"{number}" * 1_000)
    capture_error(error)


def _in_scope(change: Callable[[Any], object]) -> Callable[[], None]:
    def send() -> None:
        with sentry_sdk.isolation_scope() as scope:
            change(scope)
            capture_error(ValueError("in a scope"))

    return send


def _named(name: str) -> Callable[[], object]:
    return lambda: capture_error(type(name, (Exception,), {"__module__": name})("named"))


def _fill(add: str, count: int, value: Any) -> Callable[[], None]:
    return _in_scope(
        lambda scope: [getattr(scope, add)(f"name{number}", value) for number in range(count)]
    )


HUGE = "x" * 3_000_000

SHAPES: dict[str, Callable[[], object]] = {
    "a huge text": lambda: capture_error(ValueError(HUGE)),
    "a huge text of emoji": lambda: capture_error(ValueError("\U0001f600" * 900_000)),
    "a huge event name": lambda: structlog.get_logger("ours").error(HUGE),
    "a huge message": lambda: logging.getLogger("theirs").error("%s", HUGE),
    "a huge extra": lambda: logging.getLogger("theirs").error("e", extra={"huge": [HUGE] * 9}),
    "a huge tag": _fill("set_tag", 1, HUGE),
    "many tags": _fill("set_tag", 20_000, "v" * 100),
    "many contexts": _fill("set_context", 5_000, {"key": "v" * 1_000}),
    "many extras": _fill("set_extra", 5_000, "v" * 1_000),
    "a huge context": _fill("set_context", 1, {f"k{n}": "v" * 100 for n in range(50_000)}),
    "a deep context": _fill("set_context", 1, _nested(3_000)),
    "a deep extra": _fill("set_extra", 1, _nested(3_000)),
    "breadcrumbs": _in_scope(
        lambda scope: [scope.add_breadcrumb(message="m" * 100_000) for _ in range(100)]
    ),
    "a huge user": _in_scope(lambda scope: scope.set_user({"id": HUGE})),
    "a huge fingerprint": _in_scope(lambda scope: setattr(scope, "fingerprint", [HUGE])),
    "a huge transaction": _in_scope(lambda scope: scope.set_transaction_name(HUGE)),
    "a huge attachment": _in_scope(
        lambda scope: scope.add_attachment(bytes=os.urandom(25_000_000), filename="f")
    ),
    "a huge type": _named("E" * 1_000_000),
    "a deep recursion": _deep_recursion,
    "many notes": _notes,
    "surrogates": lambda: capture_error(ValueError("a\ud800b")),
    "surrogates in names": lambda: logging.getLogger("l\ud800").error("m\ud800"),
    "surrogates in keys": _in_scope(
        lambda scope: [
            scope.set_tag("k\ud800", "v\udfff"),
            scope.set_context("c\ud800", {"k\udc00": ["v\ud800"]}),
            scope.set_extra("e\ud800", {"\udc00": 1}),
            scope.set_level("\ud800"),
        ]
    ),
    "NUL": _in_scope(
        lambda scope: [scope.set_tag("k\0", "v\0"), scope.set_context("c\0", {"k\0": "v\0"})]
    ),
    "numbers": _in_scope(
        lambda scope: scope.set_context("n", {"i": 10**400, "f": float("nan"), 5: 2**70})
    ),
    "keys without a text": _in_scope(
        lambda scope: [
            scope.set_context("c", {Unprintable(): 1, "kept": 2}),
            scope.set_extra("e", {Unprintable(): Unprintable()}),
            scope.set_tag("t", Unprintable()),
            scope.add_breadcrumb(message="b", data={Unprintable(): 1}),
        ]
    ),
}
"""Functions that send one error each."""
