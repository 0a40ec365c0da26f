"""Each incident names a runbook that exists, and parameters that it has."""

from pathlib import Path

import pytest

from securenet_obs.drills.incidents import INCIDENTS
from securenet_obs.drills.incidents.incident import Incident
from securenet_obs.runner.notebook.catalog import find

PROJECT = Path(__file__).parents[3]


@pytest.mark.parametrize("incident", INCIDENTS.values(), ids=INCIDENTS)
def test_its_runbook_takes_its_parameters(incident: Incident) -> None:
    """A misspelt parameter would be found after the fault."""
    notebook = find(PROJECT, incident.runbook)
    notebook.schema.parse([*incident.parameters, "confirm=0a1b2c"])
    assert notebook.declared.drill == incident.name


def test_the_request_that_stays_in_the_logs_is_the_last_incident() -> None:
    """Its runbook would rightly find it during each incident after it."""
    assert list(INCIDENTS)[-1] == "request-failed-in-its-task"
