"""Specimens are secrets of the kinds they say: each is masked by the rule of its kind alone."""

import pytest

from securenet_obs.probes.scenarios.specimens import (
    generate_field_secrets,
    generate_place_secrets,
    generate_text_secrets,
)
from securenet_obs.redaction import RULES, Redactor

EVERYTHING = Redactor()
KINDS = {rule.name for rule in RULES if not rule.pii}


def planted(kind: str) -> list[object]:
    """Return what a validation plants of one kind, and what of it must not be seen."""
    texts = [[one.text] for one in generate_text_secrets() if one.kind == kind]
    fields = [{name: one.text} for name, one in generate_field_secrets() if one.kind == kind]
    return [*texts, *fields]


def test_there_is_a_specimen_of_every_kind() -> None:
    """A rule without a specimen could go and nobody would notice."""
    specimens = [*generate_text_secrets(), *(one for _, one in generate_field_secrets())]
    assert {one.kind for one in specimens} == KINDS


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_rule_of_its_kind_masks_it_and_no_other_does(kind: str) -> None:
    """Without its rule a specimen is seen, so that a validation can tell that the rule is gone."""
    without = Redactor([rule for rule in RULES if rule.name != kind])
    for value in planted(kind):
        assert EVERYTHING.redact(value) != value
        assert without.redact(value) == value


def test_no_two_specimens_are_alike() -> None:
    """What is found is what was planted this time."""
    both = [
        *generate_text_secrets(),
        *generate_text_secrets(),
        *generate_place_secrets(["here", "there"]),
    ]
    assert len({one.marker for one in both}) == len(both)


def test_a_specimen_contains_its_marker() -> None:
    """Who finds the marker has found the secret."""
    assert [one for one in generate_text_secrets() if one.marker not in one.text] == []
