"""The drills have different names, and a validation detects each fault."""

from pathlib import Path

import pytest

from securenet_obs.drills import DRILLS, Drill
from securenet_obs.runner.notebook.catalog import find
from securenet_obs.runner.orders import order_for

PROJECT = Path(__file__).parents[2]


def test_every_fault_has_an_expected_alarm() -> None:
    """Each drill has a validation that must detect its fault."""
    assert all(drill.expected_alarms for drill in DRILLS.values())


@pytest.mark.parametrize("drill", DRILLS.values(), ids=DRILLS)
def test_validations_of_a_drill_exist(drill: Drill) -> None:
    """Each notebook exists, accepts the parameters, and has the check."""
    for alarm in drill.expected_alarms:
        notebook = find(PROJECT, alarm.notebook)
        order_for(notebook, alarm.parameters)
        assert alarm.check in notebook.declared.checks
