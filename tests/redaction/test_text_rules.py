"""The table of texts that are secrets in themselves."""

import re

import pytest

from securenet_obs.redaction import TEXT_RULES, TextRule


@pytest.mark.parametrize("rule", TEXT_RULES, ids=lambda rule: rule.name)
def test_a_rule_can_be_compiled_and_its_anchor_matches_no_empty_text(rule: TextRule) -> None:
    """An anchor that matches nothing at all would have every line walked."""
    re.compile(rule.pattern)
    assert not re.search(rule.anchor, "")


def test_names_are_those_of_one_rule_each() -> None:
    """Counts are by name."""
    names = [rule.name for rule in TEXT_RULES]
    assert len(set(names)) == len(names)
