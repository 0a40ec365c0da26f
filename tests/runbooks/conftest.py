"""Fixtures of the runbooks' tests: a runbook proved by its incident on the session's stack."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.drills.incidents import INCIDENTS, Incident, Proof, prove_on
from securenet_obs.drills.incidents.proving import RunbookRunner
from securenet_obs.stack import LocalStack

PROJECT = Path(__file__).parents[2]

PROVED = {"worker-gone"}
"""Incidents that these tests prove; `make runbooks`, which CI runs, proves all of them."""


@pytest.fixture
def prove_runbook(
    stack: LocalStack, warm: Callable[[], str], tmp_path: Path
) -> Callable[[str | Incident], Proof]:
    """Return a function that breaks the stack by an incident, and mends it by its runbook.

    Each proof takes half a minute: without `PROVE=all` only those of `PROVED` are made.
    """

    def prove(incident: str | Incident) -> Proof:
        name = incident if isinstance(incident, str) else incident.name
        if name not in PROVED and os.environ.get("PROVE") != "all":
            pytest.skip("`make runbooks` proves it; PROVE=all does it here")
        runner = RunbookRunner(PROJECT, tmp_path / "evidence", warm())
        found = INCIDENTS[incident] if isinstance(incident, str) else incident
        return prove_on(stack, found, runner)

    return prove
