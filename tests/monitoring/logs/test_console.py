"""Lines for a terminal."""

import unicodedata
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.monitoring.logs.console import console_line, escape
from securenet_obs.monitoring.logs.json_line import json_line

ATTACKS = [
    "\x1b[2J\x1b[31mred", "\x9b31m", "\x1b]0;title\x07", "\x1b]8;;http://evil\x1b\\link",
    "over\rwritten",
    "back\x08space", "\u202eright to left", "\u2066isolated\u2069", "two\nlines", "\u2028", "\x85",
    "\x7f", "\x00", "\ufeff", "\u200b", "\U000e0041", "\t", "\v\f", "\x90q\x9c", "\u061c",
]  # fmt: skip
HARMLESS = frozenset("\n")


def controls(text: str) -> list[str]:
    """Return the characters of a text that are not printable."""
    return [char for char in text if char not in HARMLESS and not char.isprintable()]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_character_controls_the_terminal(attack: str) -> None:
    """In a name, a value, a nested value, an event, a logger and an exception's every part."""
    part = {
        "exc_type": attack, "exc_value": attack, "exc_notes": [attack], "is_cause": False,
        "frames": [{"filename": attack, "lineno": 1, "name": attack}], "is_group": True,
        "exceptions": [[{"exc_type": attack, "exc_value": "a\n" + attack}]],
    }  # fmt: skip
    event: dict[str, Any] = {
        "event": attack, "logger": attack, attack: attack, "nested": [{attack: [attack]}],
        "exception": [part, part], "stack": attack, "level": attack, "timestamp": attack,
    }  # fmt: skip
    text = console_line(json_line(event), colors=False).decode()
    assert controls(text) == []
    assert len(text.splitlines()) == text.count("\n")


@given(st.text(st.characters(exclude_categories=())))
def test_an_escaped_text_is_printable(text: str) -> None:
    """Every text becomes printable, and a printable one is unchanged."""
    assert escape(text).isprintable()
    assert escape(text) == text or not text.isprintable()
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in escape(text))


def test_only_the_renderer_colours(run: Any) -> None:
    """With colours, escape sequences surround the texts, and none is in them."""
    coloured = console_line(json_line({"event": "e\x1b[2J", "level": "info"}), colors=True)
    assert b"\x1b[" in coloured
    assert b"\x1b[2J" not in coloured


def test_an_exception_is_a_traceback(run: Any) -> None:
    """The traceback reads as Python's own, the first cause first, without source or locals."""
    finished = run(
        """
        import structlog
        from securenet_obs.monitoring import configure_structlog
        configure_structlog()
        def fail():
            try:
                {}["cause"]
            except KeyError as error:
                raise ValueError("bad\\nworse \\x1b[31m") from error
        try:
            fail()
        except ValueError as error:
            error.add_note("a note")
            structlog.get_logger("ours").exception("failed")
        """,
        LOG_FORMAT="console",
    )
    first, *lines = finished.stdout.splitlines()
    assert "failed" in first
    assert lines == [
        "Traceback (most recent call last):",
        '  File "<string>", line 7, in fail',
        "KeyError: 'cause'",
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        "Traceback (most recent call last):",
        '  File "<string>", line 11, in <module>',
        '  File "<string>", line 9, in fail',
        "ValueError: bad",
        r"    worse \x1b[31m",
        "  a note",
    ]


def test_a_line_is_one_line() -> None:
    """Without an exception or a stack, an event is one line, whatever its values are."""
    line = json_line({"event": "a\nb", "c": "d\re", "f": ["g\n"]})
    assert console_line(line, colors=False).count(b"\n") == 1
    assert orjson.loads(line)["event"] == "a\nb"
