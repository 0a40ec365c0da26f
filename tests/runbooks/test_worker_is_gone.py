"""The runbook for a worker that is gone leads from a killed worker to one that runs a canary."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.drills.incidents import Incident, Proof
from securenet_obs.oncall.history import History
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack


@pytest.mark.slow
def test_it_restarts_a_killed_worker(prove_runbook: Callable[[str], Proof], tmp_path: Path) -> None:
    """Its row applies alone, the confirmed restart is done, a canary verifies it."""
    proof = prove_runbook("worker-gone")
    assert (proof.problem, proof.outcome) == ("", "passed")
    entries = History(tmp_path / "evidence").read()
    assert [row["event"] for row in entries] == [
        *("issued", "confirmed", "before", "after", "verified", "proved")
    ]


@contextmanager
def stop_worker(stack: LocalStack) -> Iterator[None]:
    """Stop the only worker in order: it leaves no control queue in Redis."""
    stack.stop_part("worker")
    try:
        yield
    finally:
        if not stack.parts["worker"].is_running():
            stack.start_part("worker")


def test_it_starts_a_worker_that_was_stopped(
    prove_runbook: Callable[[str | Incident], Proof],
) -> None:
    """Nothing in Redis names it, and its row applies alone."""
    incident = Incident(
        "worker-stopped",
        "worker_is_gone",
        "The only worker is stopped.",
        stop_worker,
        row="no worker is known",
    )
    proof = prove_runbook(incident)
    assert (proof.problem, proof.outcome) == ("", "passed")


@pytest.mark.slow
def test_a_healthy_stack_needs_no_action(run_notebook: Callable[..., Any]) -> None:
    """No row applies, no action is offered, and the run passes."""
    done = run_notebook("worker_is_gone")
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text


def test_without_a_named_action_the_step_stays_open(run_notebook: Callable[..., Any]) -> None:
    """A worker that never was is gone, and the run ends with the command for a person."""
    done = run_notebook(
        "worker_is_gone", "worker=worker@elsewhere", environment={"RUNBOOK_ACTIONS": ""}
    )
    assert (done.verdict, done.red) == (Verdict.FAILED, {"no step is open"})
    assert "RUNBOOK_ACTIONS names no action restart_worker" in done.text
