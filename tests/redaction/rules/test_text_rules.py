"""The table of texts that are secrets in themselves."""

import re
from pathlib import Path

import pytest

from securenet_obs import redaction
from securenet_obs.redaction import TEXT_RULES, TextRule
from securenet_obs.redaction.text import assignments


@pytest.mark.parametrize("rule", TEXT_RULES, ids=lambda rule: rule.name)
def test_a_rule_can_be_compiled_and_its_anchor_matches_no_empty_text(rule: TextRule) -> None:
    """An anchor that matches nothing at all would have every line walked."""
    re.compile(rule.pattern)
    assert not re.search(rule.anchor, "")


def test_no_pattern_of_the_project_is_matched_wrongly_by_an_old_python() -> None:
    """CPython before 3.11.5 lets secrets pass where a group is possessive or atomic."""
    folder = Path(redaction.__file__).parent
    patterns = [rule.pattern for rule in TEXT_RULES] + [assignments.SITE.pattern]
    sources = [path.read_text() for path in folder.rglob("*.py") if path.stem != "rule"]
    wrong = re.compile(r"(?<!\\)\)(?:[*+?]|\{[\d,]+\})\+|\(\?>")
    assert [text for text in (*patterns, *sources) if wrong.search(text)] == []


def test_names_are_those_of_one_rule_each() -> None:
    """Counts are by name."""
    names = [rule.name for rule in TEXT_RULES]
    assert len(set(names)) == len(names)
