"""The place of the first flaw in text that is not strict JSON."""

import pytest

from securenet_obs.api.json_places import is_integer_in_range, is_safe_string, locate


@pytest.mark.parametrize(
    ("text", "reason", "path", "offset"),
    [
        ('{"a": [1, NaN], "b": 1e999}', "NaN", ["a", 1], 10),
        ('{"a": 1, "ä": {"b": 1e999}}', "too large", ["ä", "b"], 21),
        ('[{"a": 1, "a": 2}]', "has already", [0, "a"], 10),
        ('{"a": 1, "b": ', "the text ends", ["b"], 14),
    ],
)
def test_the_first_flaw_has_its_place(
    text: str, reason: str, path: list[int | str], offset: int
) -> None:
    """Path and offset in bytes are those of the first flaw, else those of the given one."""
    error = locate(text, 0, (), len(text), "the text ends")
    assert reason in str(error)
    assert (list(error.path), error.offset) == (path, offset)


def test_a_place_in_an_item_begins_with_its_path() -> None:
    """The path of the searched value comes first."""
    error = locate('[{"a": NaN}]', 1, (0,), 12, "")
    assert (list(error.path), error.offset) == ([0, "a"], 7)


@pytest.mark.parametrize(
    ("digits", "is_in_range"),
    [
        (str(2**64 - 1), True),
        (str(-(2**63)), True),
        (str(2**64), False),
        (str(-(2**63) - 1), False),
        ("9" * 100_000, False),
    ],
)
def test_integers_of_64_bits_are_in_range(digits: str, is_in_range: bool) -> None:
    """The range is that of signed and unsigned integers; a long text is not converted."""
    assert is_integer_in_range(digits) == is_in_range


@pytest.mark.parametrize("text", ["\0", "a\ud800", "\udfff"])
def test_a_string_that_databases_refuse_is_unsafe(text: str) -> None:
    """NUL and lone surrogates are unsafe, all other characters are safe."""
    assert not is_safe_string(text)
    assert is_safe_string("\x01\U0001f600\uffff")
