"""Suspect fields of a line."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.redaction.suspects import suspect_fields
from tests.redaction.samples import FUZZ

WORDS = (b"pass", b"pw", b"://", b":", b",", b"}", b"1", b"null")
TEXTS = st.text("pasw:/,[{}] 1-", max_size=8)


@FUZZ
@given(
    st.dictionaries(TEXTS, TEXTS | st.integers(-9, 9) | st.floats() | st.none(), max_size=6),
    st.sampled_from(WORDS),
)
def test_every_text_with_a_word_is_found(line: dict[str, Any], word: bytes) -> None:
    """No field with the word is missing, and every other suspect contains a text."""
    found = suspect_fields(orjson.dumps(line), line, (word,))
    assert found is not None
    texts = {name for name, text in line.items() if isinstance(text, str)}
    with_word = {name for name in texts if word.decode() in line[name]}
    assert with_word <= found.keys() <= line.keys()


def test_case_does_not_matter() -> None:
    """Names are returned as they are; words are in lower case."""
    line = {"Url": "REDIS://h", "n": 1, "PassWord": "x"}
    assert suspect_fields(orjson.dumps(line), line, WORDS[:3]) == {"Url": None}


@pytest.mark.parametrize("line", [{"a": '"'}, {"a": "\n"}, {"é": "b"}, {"a": ["b"]}, {"a": {}}])
def test_other_lines_are_uncertain(line: dict[str, Any]) -> None:
    """Escapes, letters beyond ASCII and containers move the quotes."""
    assert suspect_fields(orjson.dumps(line), line, WORDS) is None
