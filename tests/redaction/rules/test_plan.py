"""The plan of a value's walk."""

from typing import Any

from hypothesis import given

from securenet_obs.redaction import RULES, KeyRule, Redactor, TextRule
from securenet_obs.redaction.rules.plan import Plan
from tests.redaction.samples import FUZZ, PLAIN, TEXTS, Unfiltered

FILTERED, UNFILTERED = Redactor(), Unfiltered()
PLAN = Plan((KeyRule("pin", "^pin$|api key"), TextRule("ticket", "SN-", r"SN-[0-9]{6}")))


def test_only_texts_with_a_word_or_a_match_are_selected() -> None:
    """A name's first word, a text rule's match, JSON and other letters than ASCII are."""
    for text in ("PIN=1", "x-api-key: a", "got SN-123456", '{"a": 1}', "\u017f"):
        assert PLAN.may_apply(text)
    for text in ("info", "SN-1", "0b7de9f2"):
        assert not PLAN.may_apply(text)
    assert Plan(tuple(RULES)).may_apply("info")


@FUZZ
@given(PLAIN, TEXTS)
def test_a_plan_misses_nothing(value: Any, text: str) -> None:
    """A value in which one text is secret has the same result without plan and prefilter."""
    for whole in ({"a": text, "b": value, "password": "x1"}, [text, {"url": "redis://:x1@h/0"}]):
        assert repr(FILTERED.redact(whole)) == repr(UNFILTERED.redact(whole))
