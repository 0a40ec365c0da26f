"""The plan of a value's walk."""

import functools
from collections.abc import Sequence
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from securenet_obs.redaction import RULES, KeyRule, Redactor, TextRule, bounds
from securenet_obs.redaction.rules.plan import Plan
from securenet_obs.redaction.rules.rule_set import Rule, RuleSet
from tests.redaction.samples import FUZZ, KEPT, MASKED, PLAIN, TEXTS, Unfiltered

FILTERED, UNFILTERED = Redactor(), Unfiltered()


def plan_of(rules: Sequence[Rule]) -> Plan:
    return Plan(rules, RuleSet(rules).selection)


def test_only_texts_with_a_word_or_a_match_are_selected() -> None:
    """A name's first word, a literal of a text rule, JSON and other letters than ASCII are."""
    plan = plan_of((KeyRule("pin", "^pin$|api key"), TextRule("ticket", "SN-", r"SN-[0-9]{6}")))
    for text in ("PIN=1", "x-api-key: a", "got SN-123456", '{"a": 1}', "\u017f"):
        assert plan.may_apply(text)
        assert plan.selection(text) != ((), False, False)
    for text in ("info", "SN1", "0b7de9f2"):
        assert not plan.may_apply(text)


def test_rules_without_literals_select_texts_by_their_anchors() -> None:
    """Many rules, commands, and a rule without a literal are looked up by the prefilter."""
    for rules in (RULES, (TextRule("number", "[0-9]{6}", "[0-9]{6}"),)):
        plan = plan_of(rules)
        assert plan.words == ()
        assert plan.may_apply("4111111111111111")
        assert not plan.may_apply("info")


@FUZZ
@given(PLAIN, TEXTS)
def test_a_plan_misses_nothing(value: Any, text: str) -> None:
    """A value in which one text is secret has the same result without plan and prefilter."""
    for whole in ({"a": text, "b": value, "password": "x1"}, [text, {"url": "redis://:x1@h/0"}]):
        assert repr(FILTERED.redact(whole)) == repr(UNFILTERED.redact(whole))


_SAMPLES = [before for _, before, _ in MASKED if isinstance(before, str)]
_NAMES = st.sampled_from(
    ["password", "apiKey", "value", "name", "key", "image/png", "audit", "authorization", "token",
     "pass:word", "datadog", "n", "event", "url", "a:b", '"', "ü"]
)  # fmt: skip
_FIELDS = (
    TEXTS | st.sampled_from(_SAMPLES) | st.sampled_from([k for k in KEPT if isinstance(k, str)])
    | st.none() | st.booleans() | st.integers() | st.floats()
    | st.text("ab:, 1-@/.pw[{", max_size=8)
    | st.sampled_from([4111111111111111, "x1", "[redacted]", "pw=1", "see pass: x1", "a:"])
)  # fmt: skip


_REDACTOR, _WALK = Redactor(), Unfiltered()
_CONTAINERS = st.lists(_FIELDS, max_size=3) | st.dictionaries(_NAMES, _FIELDS, max_size=3)
_DEEP: Any = functools.reduce(lambda inner, _: [inner], range(bounds.MAX_DEPTH - 2), "password=x1")


@FUZZ
@given(st.dictionaries(_NAMES | TEXTS, _FIELDS | _CONTAINERS, max_size=8))
@example({"a": [[_DEEP]]})
def test_a_line_has_the_result_of_its_walk(line: dict[str, Any]) -> None:
    """A line, of which only texts with a word are searched, equals the line of a full walk."""
    for whole in (line, {**line, "password": "x1"}, {"url": "redis://:x1@h/0", **line}):
        for each in (_REDACTOR, _WALK):
            each.counts.clear()
        result = _REDACTOR.redact(whole)
        expected = _WALK.redact(whole)
        assert repr(result) == repr(expected)
        assert _REDACTOR.counts == _WALK.counts
