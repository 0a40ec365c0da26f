"""The drills that there are can be told apart, and somebody notices each fault."""

from pathlib import Path

import pytest

from securenet_obs.drills import DRILLS, Drill
from securenet_obs.runner.command import order_for
from securenet_obs.runner.notebook.catalog import find

PROJECT = Path(__file__).parents[2]


def test_every_fault_is_looked_at() -> None:
    """Each has a validation that must notice it."""
    assert all(drill.expected_alarms for drill in DRILLS.values())


@pytest.mark.parametrize("drill", DRILLS.values(), ids=DRILLS)
def test_its_validations_exist(drill: Drill) -> None:
    """Each notebook is in the project, takes these parameters, and judges the check."""
    for alarm in drill.expected_alarms:
        notebook = find(PROJECT, alarm.notebook)
        order_for(notebook, alarm.parameters)
        assert alarm.check in notebook.declared.checks
