"""The right runbook of alerts in the vendors' shapes, and none for others."""

from dataclasses import replace
from pathlib import Path

import pytest

from securenet_obs.matching import packaged_index
from securenet_obs.oncall.dossiers.choice import choose, choose_parameters
from securenet_obs.runner.notebook.catalog import read_notebook
from tests.oncall.dossiers.waiting import taken
from tests.vendor_alerts import RELATED, UNRELATED, Alert, event_alert

PROJECT = Path(__file__).parents[3]
INDEX = packaged_index()


@pytest.mark.parametrize(("runbook", "alert"), RELATED.values(), ids=RELATED)
def test_an_alert_leads_to_its_runbook(runbook: str, alert: Alert) -> None:
    """Fifteen alerts; the reason is given."""
    choice = choose(INDEX, taken(alert))
    assert choice.runbooks == (runbook,)
    assert choice.why


@pytest.mark.parametrize("alert", UNRELATED.values(), ids=UNRELATED)
def test_an_unrelated_alert_leads_nowhere(alert: Alert) -> None:
    """Ten alerts of other systems, with words that our patterns have, too."""
    assert choose(INDEX, taken(alert)).runbooks == ()


def test_there_are_fifteen_and_ten() -> None:
    assert (len(RELATED), len(UNRELATED)) == (15, 10)


def test_an_alert_that_matches_two_is_a_tie() -> None:
    choice = choose(INDEX, taken(event_alert(message="messages_restored")))
    assert choice.runbooks == ("tasks_are_stuck_unacked", "tasks_run_twice")


def test_a_runbook_that_does_not_exist_is_named() -> None:
    """The text decides then."""
    alert = replace(taken(RELATED["a failover"][1]), runbook="of_another_project")
    choice = choose(INDEX, alert)
    assert choice.runbooks == ("redis_refuses_writes",)
    assert "'of_another_project', which is not a runbook here" in choice.why[0]


def test_a_label_is_a_parameter_of_its_name() -> None:
    """Of type text, with a harmless value; never a confirmation or a name."""
    notebook = read_notebook(PROJECT / "runbooks" / "queue_is_growing.ipynb")
    facts = {"queue": "logs", "confirm": "0123", "i_am": "Ann", "deadline_s": "1", "other": "x"}
    assert choose_parameters(notebook, facts) == ("queue=logs",)
    assert choose_parameters(notebook, {"queue": "a b; c"}) == ()
