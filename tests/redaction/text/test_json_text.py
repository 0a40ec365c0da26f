"""JSON in a text."""

import pytest

from securenet_obs.redaction.text.json_text import NOT_JSON, read_json, write_like


@pytest.mark.parametrize(
    "text", ["", "7", '"a"', "{a}", "[1, 2", "[1e400]", '{"a": 1}{"b": 2}', "[" * 9999]
)
def test_json_that_cannot_be_restored_is_not_parsed(text: str) -> None:
    """JSON is an object or array with numbers that can be written back."""
    assert read_json(text) is NOT_JSON


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "b": [2]}', '{"a":1,"b":[2]}', '{\n  "a": 1\n}', '{"\u00fc": 1.5}', '{"ü": null}'],
)
def test_a_document_keeps_its_style(text: str) -> None:
    """Spaces, line breaks and escapes are those of the original."""
    assert write_like(text, read_json(text)) == text


def test_repeated_names_are_kept() -> None:
    """No member of an object with a repeated name is lost."""
    text = '{"a": 1, "a": 2}'
    assert write_like(text, read_json(text)) == text
