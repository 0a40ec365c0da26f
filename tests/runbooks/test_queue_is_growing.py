"""The runbook for a growing queue leads from the alert to the verified repair of a real backlog."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from securenet_obs.drills.incidents import Proof
from securenet_obs.probes import ApiClient, generate_network_records
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack, build_worker_command


def settings_of(stack: LocalStack) -> Settings:
    """Return the settings of the stack."""
    return Settings(**{name.lower(): value for name, value in stack.environment.items()})


def test_it_leads_from_a_backlog_to_a_verified_repair(
    prove_runbook: Callable[[str], Proof],
) -> None:
    """Its row applies alone, the confirmed growth is done, and the queue drains after it."""
    proof = prove_runbook("more-arrivals-than-service")
    assert (proof.problem, proof.outcome) == ("", "passed")


@pytest.mark.slow
def test_a_healthy_stack_needs_no_action(run_notebook: Callable[..., Any]) -> None:
    """No row applies, no action is offered, and the run passes."""
    done = run_notebook("queue_is_growing", "window_s=1")
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text


@pytest.mark.slow
def test_a_queue_without_a_consumer_differs_from_a_slow_one(
    stack: LocalStack, run_notebook: Callable[..., Any]
) -> None:
    """The table leads to the missing consumer, since a larger pool would not help."""
    stack.restart_part("worker", command=build_worker_command(queues=("default", "canary")))
    try:
        api = ApiClient(settings_of(stack))
        for _ in range(10):
            api.submit_logs("tenant-canary", generate_network_records(2))
        done = run_notebook("queue_is_growing", "window_s=1")
        other = run_notebook("worker_is_gone")
    finally:
        stack.restart_part("worker")
    assert (done.verdict, done.red) == (Verdict.FAILED, {"no step is open"})
    assert re.search(r"-> no worker consumes the queue", done.text)
    assert "consumes canary, default" in done.text
    assert "start a worker that consumes logs" in done.text
    assert re.search(r"-> a worker was stopped: .*: logs", other.text)
    assert "start the workers that do not run" in other.text
