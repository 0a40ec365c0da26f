"""Rules as data: the matches of a phrase in names and in serialised bytes."""

import re

import pytest

from securenet_obs.redaction import KeyRule


@pytest.mark.parametrize(
    ("phrases", "name", "found"),
    [
        ("api key", "my_api_key", True),
        ("api key", "apikey", True),
        ("^pin$", "pin", True),
        ("^pin$", "spin", False),
        ("^pin$", "pinned", False),
        ("token$", "token2", True),
        ("a|b", "b", True),
    ],
)
def test_a_phrase_finds_names(phrases: str, name: str, found: bool) -> None:
    """A space is any separator or none, `^` starts a word, `$` ends the name except for digits."""
    assert bool(re.search(KeyRule("rule", phrases).pattern, name)) is found


@pytest.mark.parametrize("written", [b'"api-key"', b"API_KEY", b'"Api Key"', b'"apiKey"'])
def test_an_anchor_finds_every_spelling_of_the_name(written: bytes) -> None:
    """The prefilter finds every name that the walk finds."""
    assert re.search(KeyRule("rule", "api key").anchor, written)


def test_an_anchor_does_not_find_the_middle_of_a_word() -> None:
    """A phrase that starts a word does not match within other words."""
    assert not re.search(KeyRule("rule", "^pin$").anchor, b'"spinning"')
