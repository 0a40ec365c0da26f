"""Patterns: their literal part, refusals, and bounded work on hostile text."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.matching import packaged_index, parse_pattern
from securenet_obs.matching.pattern import MAX_TEXT

INDEX = packaged_index()
PATTERNS = [pattern for _, pattern in (*INDEX.patterns, *INDEX.fallback_patterns)]

HOSTILE_CPU_S = 20.0
"""Seconds for all patterns on all hostile texts: they take a tenth; backtracking has no end."""


@pytest.mark.parametrize(
    ("text", "literal", "weight"),
    [
        (r"\bMISCONF\b", "MISCONF", 7),
        (r"redis\.exceptions\.TimeoutError", "redis.exceptions.TimeoutError", 29),
        (r"due for \d+ s", "due for ", 10),
        (r"colou?r of it", "r of it", 11),
        (r"lines* read", " read", 9),
        (r"lines+ read", "lines", 10),
        (r"[abc]code{2,3} word", " word", 8),
        (r"before (?:a|b) after", "before ", 13),
        (r"first|second one", "", 5),
    ],
)
def test_the_literal_part_is_in_every_match(text: str, literal: str, weight: int) -> None:
    """The longest run of characters that no repetition can leave out; alternatives have none."""
    pattern = parse_pattern(text)
    assert (pattern.literal, pattern.weight) == (literal, weight)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(open", "not a regular expression"),
        (r"\d+ s", "no literal text of 4"),
        ("first|two", "no literal text of 4"),
        ("(?:ab)+ after", "repeats a group"),
        (".*one.*two.*", "more than 2 unbounded"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused(text: str, reason: str) -> None:
    """The reason names the pattern."""
    with pytest.raises(ValueError, match=reason) as caught:
        parse_pattern(text)
    assert repr(text) in str(caught.value)


@given(st.sampled_from(PATTERNS), st.text(max_size=50), st.text(max_size=50))
def test_the_search_agrees_with_the_regular_expression(
    pattern: object, left: str, right: str
) -> None:
    """Around a literal part, and without it."""
    for text in (left + right, f"{left}{pattern.literal}{right}"):  # type: ignore[attr-defined]
        found = re.search(pattern.text, text)  # type: ignore[attr-defined]
        assert pattern.find(text) == (found.span() if found else None)  # type: ignore[attr-defined]


def test_hostile_text_takes_bounded_work() -> None:
    """Text that repeats each pattern's own parts, up to the longest text that is searched."""
    began = time.process_time()
    for pattern in PATTERNS:
        for unit in (pattern.literal, f"{pattern.literal[:-1]} ", f"{pattern.literal}1 "):
            pattern.find(unit * (MAX_TEXT // len(unit)))
    for unit in ("1", " ", "the last tick is 1 no canary was executed within "):
        text = unit * (MAX_TEXT // len(unit))
        assert not [pattern for pattern in PATTERNS if pattern.find(text, ignores_case=True)]
    assert time.process_time() - began < HOSTILE_CPU_S


def test_letter_case_is_ignored_on_request() -> None:
    """Also in a text whose lower case is longer."""
    pattern = parse_pattern("OOM command")
    assert pattern.find("oom Command") is None
    assert pattern.find("an oom Command", ignores_case=True) == (3, 14)
    assert pattern.find("İ OOM command", ignores_case=True) == (2, 13)
