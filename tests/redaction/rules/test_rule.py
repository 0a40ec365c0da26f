"""Rules as data: the matches of a phrase in names and in serialised bytes."""

import re
from collections import Counter
from itertools import product

import pytest

from securenet_obs.redaction import KEY_RULES, KeyRule

UNJUDGED = [rule for rule in KEY_RULES if rule.judge is None]


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


@pytest.mark.parametrize("rule", UNJUDGED, ids=lambda rule: rule.name)
def test_an_anchor_is_in_a_name_or_in_a_text(rule: KeyRule) -> None:
    """The anchors of a name in JSON and elsewhere find what the anchor of the whole rule finds."""
    words = [re.sub(r"[$^]", "", phrase).replace(" ", "_") for phrase in rule.phrases.split("|")]
    ends = ("", '"', '":', '":1', '": 1', '",', '"\\n', ":", "=1", " x", "x", "7", "\\n")
    found = Counter()
    for start, word, end in product(("", '{"', "x_", "x"), words, ends):
        data = f"{start}{word}{end}".encode()
        parts = re.search(rule.name_anchor, data) or re.search(rule.text_anchor, data)
        assert (parts is None) is (re.search(rule.anchor, data) is None), data
        found[parts is None] += 1
    assert found[False] > len(words) * len(ends)


def test_a_name_is_not_found_as_a_text() -> None:
    """A name of a secret value in compact JSON is told from the same word elsewhere."""
    for phrase in ("password", "token", "pw"):
        name = b'{"%b":"x"}' % phrase.encode()
        (rule,) = (rule for rule in UNJUDGED if re.search(rule.name_anchor, name))
        assert not re.search(rule.text_anchor, name)
        for text in (
            '{"a":"%s"}',
            '{"a":"%s: x"}',
            "%s",
            '{"a":["%s"]}',
            '"%s"',
            '{"%s":1,"b":"%s"}',
        ):
            data = text.replace("%s", phrase).encode()
            assert re.search(rule.text_anchor, data)
