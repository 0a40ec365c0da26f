"""The prefilter: a superset of the walk for values of every size."""

import json
import re
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from securenet_obs.redaction import MASK, RULES, Redactor, redact, redact_text
from securenet_obs.redaction.rules import prefilter
from securenet_obs.redaction.rules.prefilter import Prefilter
from securenet_obs.redaction.rules.rule_set import anchor_of
from tests.redaction.samples import (
    FUZZ,
    KEPT,
    MASKED,
    PLAIN,
    STRIPPED,
    Unfiltered,
)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("re2") is None, reason="minutes without google-re2")
def test_hostile_sizes_are_survived() -> None:
    """10 MB of text and 50,000 keys are processed, and harmless ones stay unchanged."""
    text = "a harmless line of text\n" * 400_000
    assert redact_text(text) is text
    assert redact_text(f"password=x1 {text}").startswith(f"password={MASK} a harmless")
    keys = {f"key {n}": n for n in range(50_000)}
    assert redact(keys) is keys
    keys["password"] = "x1"  # type: ignore[assignment]
    assert redact(keys) == {**keys, "password": MASK}


ANCHORS = [anchor_of(rule) for rule in RULES]


def comparable(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"


@pytest.mark.slow
@FUZZ
@given(PLAIN, st.booleans())
@example({"pin": "1", "a": "\\u0010\x104111111111111111"}, False)
def test_the_prefilter_misses_nothing(value: Any, strip: bool) -> None:
    """Values, JSON and text have the same result with and without the prefilter."""
    pii: Any = "strip" if strip else "keep"
    filtered, unfiltered = Redactor(pii=pii), Unfiltered(pii=pii)
    forms: list[Any] = [value, repr(value), json.dumps(value), json.dumps(value).encode()]
    forms += [json.dumps(value, ensure_ascii=False), json.dumps(json.dumps(value), indent=1)]
    for form in forms:
        assert comparable(filtered.redact(form)) == comparable(unfiltered.redact(form))


def test_letters_that_fold_into_ascii_are_suspect() -> None:
    """Each letter that lower case or IGNORECASE maps to an ASCII letter makes a text suspect."""
    ascii_letter = re.compile("[a-z]", re.IGNORECASE)
    folding = [chr(code) for code in range(128, 0x110000) if ascii_letter.fullmatch(chr(code))]
    folding += [chr(code) for code in range(128, 0x110000) if chr(code).lower()[:1].isascii()]
    assert set(folding) == set("\u017f\u0130\u0131\u212a")
    assert all(Redactor().may_match(letter.encode()) for letter in folding)


def test_without_re2_the_anchors_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without google-re2, Python's own patterns find the same texts suspect."""
    texts = [repr(row[1]).encode() for row in MASKED + STRIPPED] + [repr(v).encode() for v in KEPT]
    fast = Prefilter(ANCHORS)
    suspected = [bool(fast.search(text)) for text in texts]
    monkeypatch.setattr(prefilter, "find_spec", lambda _: None)
    slow = Prefilter(ANCHORS)
    assert [bool(slow.search(text)) for text in texts] == suspected
    assert slow.matching_rules(slow.search(texts[0])) == range(len(RULES))
