"""The tables of rules: what each masks, and what stays."""

import copy
import json
from typing import Any

import pytest

from securenet_obs.redaction import (
    RULES,
    Redactor,
    redact,
)
from tests.redaction.samples import KEPT, MASKED, STRIPPED, Unfiltered


@pytest.mark.parametrize(("rule", "before", "after"), MASKED)
def test_a_rule_masks_its_secret_and_nothing_else(rule: str, before: Any, after: Any) -> None:
    """A secret is masked, what surrounds it stays, and the rule that did it is counted."""
    redactor = Redactor()
    original = copy.deepcopy(before)
    assert redactor.redact(before) == after
    assert redactor.counts[rule] >= 1
    assert before == original
    assert Unfiltered().redact(before) == after


@pytest.mark.parametrize(("rule", "before", "after"), MASKED + STRIPPED)
def test_what_was_redacted_is_redacted_no_further(rule: str, before: Any, after: Any) -> None:
    """Redacting twice is redacting once, and counts nothing."""
    redactor = Redactor(pii="strip")
    once = redactor.redact(before)
    redactor.counts.clear()
    assert redactor.redact(once) == once
    assert not redactor.counts


@pytest.mark.parametrize(("rule", "before", "after"), STRIPPED)
def test_personal_data_goes_only_when_asked(rule: str, before: Any, after: Any) -> None:
    """Addresses, hosts and users stay by default, and go with pii="strip"."""
    redactor = Redactor(pii="strip")
    assert redact(before) == before
    assert redactor.redact(before) == after
    assert redactor.counts[rule] >= 1
    assert Unfiltered(pii="strip").redact(before) == after


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_is_needed(rule: Any) -> None:
    """Without a rule, a row of its table is not what it should be."""
    others = [other for other in RULES if other is not rule]
    without = Redactor(others, pii="strip" if rule.pii else "keep")
    rows = [row for row in MASKED + STRIPPED if row[0] == rule.name]
    assert any(without.redact(before) != after for _, before, after in rows)


@pytest.mark.parametrize("value", KEPT, ids=repr)
def test_what_is_not_secret_stays(value: Any) -> None:
    """What only looks like a secret is not changed, in itself, in JSON or in bytes."""
    redactor = Redactor()
    assert redactor.redact(value) == value
    assert Unfiltered().redact(value) == value
    if isinstance(value, dict | list | str) and not any(isinstance(key, int) for key in value):
        text = json.dumps({"a": value})
        assert redactor.redact_text(text) == text
        assert redactor.redact(text.encode()) == text.encode()
    assert not redactor.counts


def test_every_rule_has_a_row_and_every_row_a_rule() -> None:
    """The table of this test and the table of rules name the same rules, each once."""
    assert {row[0] for row in MASKED + STRIPPED} == {rule.name for rule in RULES}
    assert len({(type(rule), rule.name) for rule in RULES}) == len(RULES)
    assert {row[0] for row in STRIPPED} == {rule.name for rule in RULES if rule.pii}
