"""The table of names of secret values."""

import re

import pytest

from securenet_obs.redaction import KEY_RULES, KeyRule


@pytest.mark.parametrize("rule", KEY_RULES, ids=lambda rule: rule.name)
def test_a_rule_can_be_compiled_and_finds_no_empty_name(rule: KeyRule) -> None:
    """A phrase that matches the empty name would mask everything."""
    assert not re.search(rule.pattern, "")
    assert not re.search(rule.anchor, b"")
    re.compile(rule.unless)
