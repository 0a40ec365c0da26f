"""The redactor as a whole: own rules, arbitrary values, and the public functions."""

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.redaction import (
    COMMAND_RULE,
    KEY_RULES,
    MASK,
    RULES,
    TEXT_RULES,
    KeyRule,
    Redactor,
    TextRule,
    redact,
    redact_text,
)
from tests.redaction.samples import ANYTHING, FUZZ, PLAIN, TEXTS


def test_a_service_adds_its_own_rules() -> None:
    """An added rule applies to mappings, texts and counts like the others."""
    redactor = Redactor(
        (*RULES, KeyRule("badge", "badge number"), TextRule("ticket", "SN-", r"SN-[0-9]{6}"))
    )
    value = [{"badgeNumber": "77"}, "badge-number: 77, SN-123456, password=x"]
    assert redactor.redact(value) == [
        {"badgeNumber": MASK},
        f"badge-number: {MASK}, {MASK}, password={MASK}",
    ]
    assert redactor.counts == {"badge": 2, "ticket": 1, "password": 1}


@FUZZ
@given(ANYTHING)
def test_redaction_never_raises_and_is_idempotent(value: Any) -> None:
    """Any value has a result, which a second redaction does not change."""
    redactor = Redactor(pii="strip")
    once = redactor.redact(value)
    redactor.counts.clear()
    assert repr(redactor.redact(copy.copy(once))) == repr(once)


def test_a_card_number_under_a_key_that_holds_a_token_is_masked() -> None:
    """A number that a key rule permits is still searched by the text rules."""
    value = {1: {"GET /cb?id=7&access_token=abc#top": 4111111111111111}}
    assert "4111111111111111" not in repr(Redactor().redact(value))


@FUZZ
@given(TEXTS, TEXTS)
def test_redaction_of_text_is_idempotent(before: str, after: str) -> None:
    """The second redaction of a text changes and counts nothing."""
    redactor = Redactor()
    once = redactor.redact_text(f"{before} password=hunter2 {after}")
    assert redactor.redact_text(once) == once


@FUZZ
@given(
    st.sampled_from(["password", "x-api-key", "Authorization", "clientSecret", "user.token"]), PLAIN
)
def test_values_of_secret_names_are_masked(name: str, neighbour: Any) -> None:
    """A canary under a secret name is not in the result, in any form or surroundings."""
    canary = "zq7Xw2Kf"
    value = {"a": neighbour, "b": [{name: canary, "c": neighbour}]}
    for form in (value, json.dumps(value), repr(value), json.dumps({"body": json.dumps(value)})):
        assert canary not in repr(redact(form))


def test_the_public_functions_use_all_rules() -> None:
    """`redact` and `redact_text` use every rule, and keep personal data."""
    assert redact("bob@mail.test password=x1") == f"bob@mail.test password={MASK}"
    assert redact_text("bob@mail.test password=x1") == f"bob@mail.test password={MASK}"
    assert set(RULES) == {*KEY_RULES, *TEXT_RULES, COMMAND_RULE}
