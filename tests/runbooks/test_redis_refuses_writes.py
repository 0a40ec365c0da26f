"""The runbook for a Redis that refuses writes leads from a replica to writes and a canary."""

from collections.abc import Callable
from typing import Any

from securenet_obs.drills.incidents import Proof
from securenet_obs.runner.record.verdict import Verdict


def test_it_promotes_a_replica_without_a_master(prove_runbook: Callable[[str], Proof]) -> None:
    """Redis refuses writes from the look to the action, and the journal is written nevertheless."""
    proof = prove_runbook("redis-became-a-replica")
    assert (proof.problem, proof.outcome) == ("", "passed")


def test_a_healthy_stack_needs_no_action(run_notebook: Callable[..., Any]) -> None:
    """No row applies, no action is offered, and the run passes."""
    done = run_notebook("redis_refuses_writes")
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text
