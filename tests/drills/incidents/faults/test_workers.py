"""Faults of workers are there in their block, and gone after it; the runbooks' tests use them."""

from securenet_obs.drills.incidents.faults.workers import kill_worker
from securenet_obs.stack import LocalStack


def test_a_killed_worker_runs_again_after_the_block(stack: LocalStack) -> None:
    """Also if no runbook has restarted it."""
    with kill_worker(stack):
        assert not stack.parts["worker"].is_running()
    assert stack.parts["worker"].is_running()
