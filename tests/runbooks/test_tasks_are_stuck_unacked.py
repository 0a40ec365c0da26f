"""The runbook for stuck messages leads from a consumer that died to messages that a worker has."""

from collections.abc import Callable
from typing import Any

from securenet_obs.drills.incidents import Proof
from securenet_obs.runner.record.verdict import Verdict


def test_it_puts_orphaned_messages_back(prove_runbook: Callable[[str], Proof]) -> None:
    """A living worker takes each, long before the visibility timeout."""
    proof = prove_runbook("scans-orphaned")
    assert (proof.problem, proof.outcome) == ("", "passed")


def test_a_healthy_stack_needs_no_action(run_notebook: Callable[..., Any]) -> None:
    """No row applies, no action is offered, and the run passes."""
    done = run_notebook("tasks_are_stuck_unacked")
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text
