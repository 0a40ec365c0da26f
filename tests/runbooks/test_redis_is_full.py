"""The runbook for a full Redis leads from refused writes to room, and loses no task."""

from collections.abc import Callable
from typing import Any

from securenet_obs.drills.incidents import Proof
from securenet_obs.runner.record.verdict import Verdict


def test_it_lets_results_without_expiry_expire(prove_runbook: Callable[[str], Proof]) -> None:
    """Redis refuses writes from the look to the action."""
    proof = prove_runbook("results-without-expiry")
    assert (proof.problem, proof.outcome) == ("", "passed")


def test_a_healthy_stack_needs_no_action(run_notebook: Callable[..., Any]) -> None:
    """No row applies, no action is offered, and the run passes."""
    done = run_notebook("redis_is_full")
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text
