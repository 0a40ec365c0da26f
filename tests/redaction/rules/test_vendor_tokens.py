"""The table of vendors' tokens: generated tokens of each form, in every surroundings."""

import random

import pytest

from securenet_obs.redaction import MASK, TextRule, redact_text
from securenet_obs.redaction.rules.vendor_tokens import VENDOR_TOKEN_RULES
from tests.redaction.differential import generated

SURROUNDINGS = (
    "{}", "got {} in its output", 'name = "{}"', "x-thing: {}", "https://h/p?a={}&b=1",
    '{{"a": "{}"}}', "NAME={}", "name: {}", "first\\n{}", "({})", "'{}',",
)  # fmt: skip


def tokens(rule: TextRule) -> list[str]:
    """Return a few generated tokens that the rule masks when they stand alone."""
    pattern = rule.pattern.rpartition("(?a:")[2].removesuffix(")").replace("}+", "}")
    made = generated(f"(?a:{pattern})".replace("*+", "*"), random.Random(rule.pattern))
    found = [token for _, token in zip(range(12), made, strict=False) if "\\" not in token]
    return [token for token in found if MASK in redact_text(token)]


@pytest.mark.parametrize("rule", VENDOR_TOKEN_RULES, ids=lambda rule: rule.anchor[:24])
def test_a_token_is_masked_in_all_surroundings(rule: TextRule) -> None:
    """The whole token is masked."""
    made = tokens(rule)
    assert len(made) >= 3
    for token in made[:3]:
        for surroundings in SURROUNDINGS:
            text = surroundings.format(token)
            assert token not in redact_text(text), text
