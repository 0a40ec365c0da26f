"""Conversion of any value to types of strict JSON."""

from typing import Any

import pytest

from securenet_obs.monitoring.logs.values.json_values import Bounds, substitute, to_plain

BOUNDS = Bounds(characters=8, items=3, depth=3)


def test_a_value_is_cut_to_its_bounds() -> None:
    """Long texts and deep parts end in an ellipsis; surplus items are left out."""
    assert to_plain("x" * 9, BOUNDS) == "xxxxxxxx…"
    assert to_plain(list(range(9)), BOUNDS) == [0, 1, 2]
    assert to_plain({n: n for n in range(9)}, BOUNDS) == {"0": 0, "1": 1, "2": 2}
    assert to_plain([[[["x"]]]], BOUNDS) == [[["…"]]]


def test_work_is_bounded_without_cutting_a_text() -> None:
    """Without work left a text is left out whole: the start of a secret is not recognised."""
    texts = ["x" * 600_000] * 9
    clean: Any = to_plain(texts, Bounds(characters=600_000, items=99, depth=3))
    assert clean == [*texts[:3], *["…"] * 6]


def test_objects_are_substituted() -> None:
    """An object that JSON cannot represent becomes a text, a list or an object."""
    assert substitute(b"a\xff") == "a\\xff"
    assert substitute(memoryview(b"a")) == "a"
    assert substitute(frozenset({1})) == [1]
    assert substitute(len) == "<built-in function len>"


@pytest.mark.parametrize("step", [1, 2, -1])
def test_a_view_of_bytes_is_text(step: int) -> None:
    """Also if its bytes are not adjacent."""
    assert to_plain(memoryview(b"abcde")[::step], BOUNDS) == "abcde"[::step]
