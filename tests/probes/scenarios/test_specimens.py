"""Fake secrets: the redactor's rule of each kind, and no other rule, masks them."""

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
    """Return the text of a fake secret of one kind, and its marker."""
    texts = [[one.text] for one in generate_text_secrets() if one.kind == kind]
    fields = [{name: one.text} for name, one in generate_field_secrets() if one.kind == kind]
    return [*texts, *fields]


def test_every_kind_has_a_fake_secret() -> None:
    """Without a fake secret, the removal of a rule would go unnoticed."""
    specimens = [*generate_text_secrets(), *(one for _, one in generate_field_secrets())]
    assert {one.kind for one in specimens} == KINDS


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_only_the_rule_of_its_kind_masks_a_fake_secret(kind: str) -> None:
    """Without its rule a fake secret leaks, so a validation detects a missing rule."""
    without = Redactor([rule for rule in RULES if rule.name != kind])
    for value in planted(kind):
        assert EVERYTHING.redact(value) != value
        assert without.redact(value) == value


def test_fake_secrets_are_unique() -> None:
    """Every secret that is found belongs to this run."""
    both = [
        *generate_text_secrets(),
        *generate_text_secrets(),
        *generate_place_secrets(["here", "there"]),
    ]
    assert len({one.marker for one in both}) == len(both)


def test_fake_secret_contains_its_marker() -> None:
    """An occurrence of the marker is an occurrence of the secret."""
    assert [one for one in generate_text_secrets() if one.marker not in one.text] == []
