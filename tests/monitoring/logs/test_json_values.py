"""Any value as what strict JSON can say."""

from typing import Any

from securenet_obs.monitoring.logs.json_values import Bounds, named, plain, shown

BOUNDS = Bounds(characters=8, items=3, depth=3)


def test_a_value_is_kept_within_its_bounds() -> None:
    """Long texts, many items and deep parts end in an ellipsis or are left out."""
    assert plain("x" * 9, BOUNDS) == "xxxxxxxx…"
    assert plain(list(range(9)), BOUNDS) == [0, 1, 2]
    assert plain({n: n for n in range(9)}, BOUNDS) == {"0": 0, "1": 1, "2": 2}
    assert plain([[[["x"]]]], BOUNDS) == [[["…"]]]


def test_work_is_bounded_and_halves_no_text() -> None:
    """Where the work ends a text is left out as a whole: half a secret would not be known."""
    texts = ["x" * 600_000] * 9
    clean: Any = plain(texts, Bounds(characters=600_000, items=99, depth=3))
    assert clean == [*texts[:3], *["…"] * 6]


def test_objects_have_stand_ins() -> None:
    """What JSON has no name for becomes a text, a list or an object."""
    assert named(b"a\xff") == "a\\xff"
    assert named(memoryview(b"a")) == "a"
    assert named(frozenset({1})) == [1]
    assert shown(len) == "<built-in function len>"
