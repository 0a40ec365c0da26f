"""Fixtures of the runbooks' tests: a runbook proved by its incident on the session's stack."""

from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.drills.incidents import INCIDENTS, Proof, prove_on
from securenet_obs.drills.incidents.proving import RunbookRunner
from securenet_obs.stack import LocalStack

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def prove_runbook(
    stack: LocalStack, warm: Callable[[], str], tmp_path: Path
) -> Callable[[str], Proof]:
    """Return a function that breaks the stack by an incident, and mends it by its runbook."""

    def prove(incident: str) -> Proof:
        runner = RunbookRunner(PROJECT, tmp_path / "evidence", warm())
        return prove_on(stack, INCIDENTS[incident], runner)

    return prove
