"""The runbook for evicted tasks leads from a queue that is gone to its tasks sent again."""

from collections.abc import Callable
from typing import Any

import pytest

from securenet_obs.drills.incidents import Proof
from securenet_obs.runner.record.verdict import Verdict


def test_it_sends_lost_scans_again(prove_runbook: Callable[[str], Proof]) -> None:
    """The ledger names them; the policy evicts nothing afterwards."""
    proof = prove_runbook("scans-evicted")
    assert (proof.problem, proof.outcome) == ("", "passed")


@pytest.mark.slow
def test_a_healthy_stack_needs_no_action(run_notebook: Callable[..., Any]) -> None:
    """No row applies, no action is offered, and the run passes."""
    done = run_notebook("redis_evicted_tasks")
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text
