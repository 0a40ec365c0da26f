"""The runbook for an idle worker leads from lost consumers to a worker that runs a canary."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from securenet_obs.drills.incidents import Proof
from securenet_obs.drills.incidents.faults.idle_workers import suspend_children
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack

NAME = "worker_answers_but_does_nothing"


def test_it_restarts_a_worker_without_consumers(prove_runbook: Callable[[str], Proof]) -> None:
    """Its row applies alone, the confirmed restart is done, and the queues shrink."""
    proof = prove_runbook("worker-consumes-nothing")
    assert (proof.problem, proof.outcome) == ("", "passed")


@pytest.mark.slow
def test_suspended_children_are_found(stack: LocalStack, run_notebook: Callable[..., Any]) -> None:
    """The worker consumes its queues and executes nothing: another row, and the same action."""
    with suspend_children(stack):
        done = run_notebook(NAME, "deadline_s=2", "youngest_s=0")
    assert (done.verdict, done.red) == (Verdict.FAILED, {"no step is open"})
    assert re.search(r"-> \S+ consumes its queues and executes nothing", done.text)
    assert "DRY RUN" in done.text


def test_a_healthy_stack_needs_no_action(run_notebook: Callable[..., Any]) -> None:
    """No row applies, no action is offered, and the run passes."""
    done = run_notebook(NAME)
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text


def test_a_worker_that_is_gone_has_its_own_runbook(run_notebook: Callable[..., Any]) -> None:
    """The run ends open with the command."""
    done = run_notebook(NAME, "worker=worker@elsewhere")
    assert (done.verdict, done.red) == (Verdict.FAILED, {"no step is open"})
    assert "securenet-obs run worker_is_gone -p worker=worker@elsewhere" in done.text
