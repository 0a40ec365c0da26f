"""The walk: all types of values, including hostile ones."""

import collections
import datetime
import types
import uuid
from pathlib import PurePosixPath
from typing import Any

import pytest
from pydantic import SecretStr

from securenet_obs.redaction import (
    MASK,
    bounds,
    redact,
    redact_text,
)
from tests.costs import cost_of
from tests.redaction.samples import B62, Colour, Hostile, Liar, Login, Mute, Opaque, Point, Silent


def test_containers_keep_their_type() -> None:
    """Tuples, named tuples, sets, dataclasses and dicts keep their type."""
    secret = f"ghp_{B62[:36]}"
    assert redact((1, (secret,))) == (1, (MASK,))
    assert redact([Point(1, "a")]) == [Point(1, MASK)]
    assert redact({secret, "a"}) == {MASK, "a"}
    assert redact(frozenset({secret})) == frozenset({MASK})
    assert redact(Login("bob", "x1", (1,))) == Login("bob", MASK, (1,))
    assert redact({"a": [Login("bob", "x1")]}) == {"a": [Login("bob", MASK)]}
    assert redact(types.MappingProxyType({"password": "x1"})) == {"password": MASK}
    assert redact(collections.OrderedDict(token="x1")) == {"token": MASK}
    assert redact({(1, secret): 1, secret.encode(): 2}) == {(1, MASK): 1, MASK.encode(): 2}
    assert redact(bytearray(b"password=x1")) == bytearray(b"password=" + MASK.encode())


def test_objects_stay_unless_their_text_has_a_secret() -> None:
    """An object with a harmless text is unchanged; any other becomes its masked text."""
    harmless = [Opaque("a"), PurePosixPath("/a"), datetime.datetime.now(datetime.UTC), Colour.RED]
    harmless += [uuid.uuid4(), SecretStr("x1"), 1.5, 1j, len, Opaque]
    assert all(a is b for a, b in zip(redact(harmless), harmless, strict=True))  # type: ignore[call-overload]
    assert redact([Opaque("password=x1")]) == [f"<Opaque password={MASK}>"]


def test_exceptions_are_searched_with_their_causes_and_notes() -> None:
    """A secret in an exception, in its cause or in a note is masked."""
    error = ValueError("no route to redis://:x1@h/0")
    error.add_note("password=x1")
    outer = RuntimeError("outer")
    outer.__cause__ = error
    harmless = KeyError("a")
    assert redact(harmless) is harmless
    assert redact(outer) == (
        "RuntimeError('outer'); "
        f"after ValueError('no route to redis://:{MASK}@h/0') password={MASK}"
    )


@pytest.mark.parametrize("kind", [Hostile, Silent, Mute, Liar])
def test_hostile_objects_are_masked(kind: Any) -> None:
    """An object that raises on access is masked, and its neighbours are not."""
    assert redact([kind(), "a"]) == [MASK, "a"]
    assert redact(kind()) == MASK


def test_cycles_stay_cycles() -> None:
    """A container that contains itself is copied as such."""
    value: dict[str, Any] = {"password": "x1", "list": []}
    value["list"] += [value, value["list"]]
    clean: Any = redact(value)
    assert clean["password"] == MASK
    assert clean["list"][0] is clean
    assert clean["list"][1] is clean["list"]


def test_shared_parts_are_walked_once() -> None:
    """A value with 2^60 paths takes as long as its 60 containers."""
    value: Any = "password=x1"
    for _ in range(60):
        value = [0, value, value]
    assert cost_of(lambda: redact(value)) < 100
    clean: Any = redact(value)
    for _ in range(60):
        clean = clean[2]
    assert clean == f"password={MASK}"


def test_depth_is_bounded() -> None:
    """Values beyond the maximum depth are masked, without a stack overflow."""
    value: Any = "password=x1"
    for _ in range(100_000):
        value = [value]
    clean: Any = redact(value)
    depth = 0
    while isinstance(clean, list):
        clean, depth = clean[0], depth + 1
    assert clean == MASK
    assert depth == bounds.MAX_DEPTH
    text = "[" * 50_000 + '"password=x1"' + "]" * 50_000
    assert "x1" not in redact_text(text)
    while isinstance(value, list):  # frees it without recursion
        value = value[0]


def test_redaction_works_near_the_recursion_limit() -> None:
    """Near the interpreter's limit the redactor still returns a result without secrets."""

    def dive() -> Any:
        try:
            return dive()
        except RecursionError:
            return redact({"a": [{"password": "x1"}]})

    assert "x1" not in repr(dive())


def test_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values beyond the bounds are cut or masked, and never passed on unsearched."""
    monkeypatch.setattr(bounds, "MAX_TEXT_LENGTH", 400)
    monkeypatch.setattr(bounds, "MAX_TOTAL_TEXT", 1000)
    monkeypatch.setattr(bounds, "MAX_VALUES", 50)
    long = "password=x1 " * 40
    assert redact(long) == " ".join([f"password={MASK}"] * 8) + MASK
    assert redact([long] * 3) == [redact(long), redact(long), MASK]
    clean: Any = redact(["password=x1", *"a" * 100])
    assert clean == [f"password={MASK}", *"a" * 48, *[MASK] * 52]
    assert redact("harmless " * 100) == "harmless " * 100
