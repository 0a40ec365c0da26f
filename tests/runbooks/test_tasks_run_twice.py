"""The runbook for tasks that run twice leads from two runs of one task to a single one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.drills.incidents import INCIDENTS, Proof, prove_on
from securenet_obs.drills.incidents.faults.double_runs import shorten_timeout
from securenet_obs.drills.incidents.proving import RunbookRunner
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack

NAME = "tasks_run_twice"
INCIDENT = "task-sent-twice"
PROJECT = Path(__file__).parents[2]


def test_it_ends_the_extra_run(prove_runbook: Callable[[str], Proof]) -> None:
    """Its row applies alone, one run is ended, and the other goes on."""
    proof = prove_runbook(INCIDENT)
    assert (proof.problem, proof.outcome) == ("", "passed")


@pytest.mark.slow
def test_it_raises_a_short_timeout(
    stack: LocalStack, warm: Callable[[], str], tmp_path: Path
) -> None:
    """Its row applies alone, and each worker has a longer timeout after the confirmed restart."""
    incident = replace(INCIDENTS[INCIDENT], fault=shorten_timeout, row="is too short")
    proof = prove_on(stack, incident, RunbookRunner(PROJECT, tmp_path / "evidence", warm()))
    assert (proof.problem, proof.outcome) == ("", "passed")


@pytest.mark.slow
def test_a_healthy_stack_needs_no_action(
    stack: LocalStack, run_notebook: Callable[..., Any]
) -> None:
    """No row applies, no action is offered, and the run passes; its logs can be read."""
    done = run_notebook(NAME, f"logs={stack.environment['LOG_SOURCE']}")
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text
