"""The runbook for a silent Sentry leads from a process with a wrong DSN to events that arrive."""

from collections.abc import Callable
from typing import Any

import pytest

from securenet_obs.drills.faults.parts import keep_part_stopped
from securenet_obs.drills.incidents import Proof
from securenet_obs.monitoring.sentry.recorder import recording_sentry
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack


def test_it_restores_the_dsn(prove_runbook: Callable[[str], Proof]) -> None:
    """Its row applies alone, the confirmed restart is done, and an error of a task is read back."""
    proof = prove_runbook("worker-with-wrong-dsn")
    assert (proof.problem, proof.outcome) == ("", "passed")


def test_a_healthy_stack_needs_no_action(run_notebook: Callable[..., Any]) -> None:
    """No row applies, no action is offered, and discards are skipped with the reason."""
    done = run_notebook("sentry_is_silent", "recent_s=1")
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text
    assert "bugsink keeps no discards" in done.text


@pytest.mark.slow
def test_a_stopped_backend_is_left_to_its_owner(
    stack: LocalStack, run_notebook: Callable[..., Any]
) -> None:
    """No restart of a process is offered: it would mend nothing."""
    with keep_part_stopped(stack, "bugsink"):
        done = run_notebook("sentry_is_silent", "recent_s=1")
    assert (done.verdict, done.red) == (Verdict.FAILED, {"no step is open"})
    assert "-> Sentry does not answer" in done.text
    assert "DRY RUN" not in done.text


@pytest.mark.slow
def test_events_that_are_accepted_and_not_stored_are_noticed(
    run_notebook: Callable[..., Any],
) -> None:
    """A Sentry that answers 200 may be another one."""
    with recording_sentry() as other:
        done = run_notebook(
            "sentry_is_silent", "recent_s=1", "deadline_s=5", environment={"SENTRY_DSN": other.dsn}
        )
    assert (done.verdict, done.red) == (Verdict.FAILED, {"no step is open"})
    assert "-> Sentry accepts events and does not store them" in done.text
