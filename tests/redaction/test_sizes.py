"""Estimates of the size of a value's JSON."""

from typing import Any

import pytest
from hypothesis import given

from securenet_obs.redaction.sizes import is_small
from tests.costs import cost_of
from tests.redaction.samples import ANYTHING, FUZZ, Mute, Opaque, Silent


def shared(depth: int, width: int) -> list[Any]:
    """Return nested lists that contain each other `width` times each."""
    value: list[Any] = ["leaf"]
    for _ in range(depth):
        value = [value] * width
    return value


@pytest.mark.parametrize(
    "value",
    [
        shared(40, 2),
        shared(3, 1000),
        [["x" * 100_000] * 1000] * 1000,
        [Mute(), Opaque("a")],
        dict.fromkeys(range(2000), Silent()),
    ],
    ids=["deep", "wide", "texts", "objects", "hostile objects"],
)
def test_unbounded_values_are_not_serialised(value: Any) -> None:
    """Parts count as often as they occur, and an object of a class counts as too large."""
    assert not is_small(value)
    assert cost_of(lambda: is_small(value)) < 100


@FUZZ
@given(ANYTHING)
def test_no_value_makes_is_small_raise(value: Any) -> None:
    """Any value has a result."""
    assert is_small([value]) in (True, False)


@pytest.mark.parametrize("value", [{}, [], {"a": [1, "b", None, {"c": (2.5, True)}]}, [[]] * 500])
def test_ordinary_values_are_small(value: Any) -> None:
    """Values of ordinary log lines and events are serialised."""
    assert is_small(value)
