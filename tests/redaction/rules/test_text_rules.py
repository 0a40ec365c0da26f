"""The table of texts that are secrets themselves."""

import re
from pathlib import Path

import pytest

from securenet_obs import redaction
from securenet_obs.redaction import TEXT_RULES, TextRule
from securenet_obs.redaction.text import assignments


@pytest.mark.parametrize("rule", TEXT_RULES, ids=lambda rule: rule.name)
def test_a_rule_can_be_compiled_and_its_anchor_matches_no_empty_text(rule: TextRule) -> None:
    """An anchor that matches the empty text would make every line suspect."""
    re.compile(rule.pattern)
    assert not re.search(rule.anchor, "")


def test_no_pattern_has_atomic_groups_with_alternatives() -> None:
    """CPython before 3.11.5 matches possessive and atomic groups wrongly, and misses secrets."""
    folder = Path(redaction.__file__).parent
    patterns = [rule.pattern for rule in TEXT_RULES] + [assignments.ASSIGNMENT.pattern]
    sources = [path.read_text() for path in folder.rglob("*.py") if path.stem != "rule"]
    wrong = re.compile(r"(?<!\\)\)(?:[*+?]|\{[\d,]+\})\+|\(\?>")
    assert [text for text in (*patterns, *sources) if wrong.search(text)] == []
