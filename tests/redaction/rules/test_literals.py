"""Literals of patterns."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from securenet_obs.redaction import RULES, TextRule
from securenet_obs.redaction.rules.literals import literals
from tests.redaction.samples import MASKED

_RULES = [rule for rule in RULES if isinstance(rule, TextRule) and rule.literals]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("AKIA[0-9]", {"akia"}),
        ("(?i:Bearer|basic) x", {"bearer", "basic"}),
        ("a?[bc]*(?:de){0,2}", set()),
        ("(?:de){1,2}", {"de"}),
        ("(?<=token)x(?!secret)", {"token"}),
        ("ab|c|", set()),
        ("https?://", {"://"}),
        ("(?P<a>é)longer(?P=a)", {"longer"}),
        ("(?>one|three)++", {"one", "three"}),
    ],
)
def test_a_match_needs_one_of_the_literals(pattern: str, expected: set[str]) -> None:
    """Optional parts, classes and negative assertions are not required."""
    assert literals(pattern) == expected


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_every_match_of_a_rule_has_a_literal(data: st.DataObject) -> None:
    """A text that a rule's pattern matches contains a literal of the rule, in any case."""
    rule = data.draw(st.sampled_from(_RULES))
    text = data.draw(st.from_regex(re.compile(rule.pattern, re.ASCII)))
    if match := rule.search(text):
        assert not match[0].isascii() or any(word in text.lower() for word in rule.literals)


def test_every_masked_sample_has_a_literal() -> None:
    """A sample in which a rule matches contains one of its literals."""
    for _, before, _ in MASKED:
        for rule in _RULES:
            if isinstance(before, str) and rule.search(before):
                assert any(word in before.lower() for word in rule.literals), (rule, before)
