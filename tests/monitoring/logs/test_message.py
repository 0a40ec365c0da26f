"""Formatting of a log call's message with its arguments."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.monitoring.logs.message import format_message


class Mute:
    def __str__(self) -> str:
        """Raise."""
        raise RuntimeError("no")

    __repr__ = __str__


@pytest.mark.parametrize(
    ("template", "arguments", "text"),
    [
        ("no %s place %d", (), "no %s place %d"),
        ("%s of %d", ("a", 3), "a of 3"),
        ("%(a)s", ({"a": 1},), "1"),
        ("%d", ("x",), "x"),
        ("%d and %s", ("x",), "x and %s"),
        ("%s", ("x", "y"), "x y"),
        ("100% sure", ("x",), "100xure"),
        ("%(a)s %(b)s", ({"a": 1},), "1 %(b)s"),
        ("%s", (Mute(),), "<Mute without a repr>"),
        ({"a": 1}, (), "{'a': 1}"),
        (None, ("x",), "None x"),
    ],
)
def test_the_message_contains_every_argument(template: object, arguments: Any, text: str) -> None:
    """Arguments are inserted as by `%`, or appended if they do not match."""
    assert format_message(template, arguments) == text


@given(st.text() | st.binary() | st.none(), st.lists(st.text() | st.integers() | st.builds(Mute)))
def test_no_argument_makes_it_raise(template: object, arguments: list[Any]) -> None:
    """Any arguments result in a text, without an exception."""
    assert isinstance(format_message(template, tuple(arguments)), str)
