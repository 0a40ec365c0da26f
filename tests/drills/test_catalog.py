"""The drills that there are can be told apart, and somebody notices each fault."""

from pathlib import Path

import pytest

from securenet_obs.runner.catalog import find
from securenet_obs.runner.command import order_for
from securenet_obs.stack.drills import DRILLS, Drill

PROJECT = Path(__file__).parents[2]


def test_every_fault_that_lasts_is_looked_at() -> None:
    """Only what is over at once has no validation that must notice it."""
    assert {drill.name for drill in DRILLS.values() if not drill.looks} == {"child-oom-killed"}


@pytest.mark.parametrize("drill", DRILLS.values(), ids=DRILLS)
def test_its_validations_exist(drill: Drill) -> None:
    """Each notebook is in the project, and takes these parameters."""
    for look in drill.looks:
        order_for(find(PROJECT, look.notebook), look.parameters)
