"""The index in the package is made of the notebooks' metadata."""

from pathlib import Path

import pytest
import yaml

from securenet_obs.matching import Entry, Index, find_matches, list_best, packaged_index
from securenet_obs.matching.index import parse_index, render_index
from securenet_obs.oncall.runbook_index import build_index

PROJECT = Path(__file__).parents[2]
RULES = PROJECT / "securenet_obs" / "workers" / "metrics" / "alerts.yml"


def test_the_packaged_index_equals_the_metadata() -> None:
    """`make index` writes it; the metadata of runbooks/ are the one place of patterns."""
    index = PROJECT / "securenet_obs" / "matching" / "index.json"
    assert index.read_text() == render_index(build_index(PROJECT)), "run `make index`"


def test_an_index_is_read_as_it_was_written() -> None:
    assert parse_index(render_index(packaged_index())) == packaged_index()


def test_a_pattern_that_cannot_be_used_names_its_runbook() -> None:
    with pytest.raises(ValueError, match=r"a_runbook: '\('"):
        Index.of([Entry("a_runbook", "", "page", ("(",), (), ())])


@pytest.mark.parametrize(
    "rule", yaml.safe_load(RULES.read_text())["groups"][0]["rules"], ids=lambda rule: rule["alert"]
)
def test_an_alerting_rule_leads_to_the_runbook_that_it_names(
    rule: dict[str, dict[str, str]],
) -> None:
    """By its name and summary alone; a rule without a runbook leads nowhere."""
    text = f"{rule['alert']}: {rule['annotations']['summary']}"
    best = [match.entry.name for match in list_best(find_matches(packaged_index(), text))]
    named = rule["annotations"].get("runbook")
    assert best == ([named] if named else [])
