"""The runbook for a poisonous task leads from a loop to a revoked task, and requeues its letter."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from securenet_obs.drills.incidents import Proof
from securenet_obs.drills.incidents.faults.poison import bury_poison
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack
from tests.dead_letters import delete_dead_letters

NAME = "task_is_poisonous"


def find_digest(text: str) -> str:
    """Return the confirmation that a run has printed."""
    return str(json.loads(re.findall(r'"confirm": ("\w+")', text)[0]))


def test_it_revokes_a_task_that_loops(prove_runbook: Callable[[str], Proof]) -> None:
    """Its row applies alone, the task is revoked, and nothing of it is left."""
    proof = prove_runbook("poison-without-end")
    assert (proof.problem, proof.outcome) == ("", "passed")


def test_a_healthy_stack_needs_no_action(run_notebook: Callable[..., Any]) -> None:
    """No row applies, no action is offered, and the run passes."""
    done = run_notebook(NAME)
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text


@pytest.mark.slow
def test_a_dead_letter_is_read_and_then_requeued(
    stack: LocalStack, run_notebook: Callable[..., Any]
) -> None:
    """First the command for a person, then the requeue by filter, and then nothing is left."""
    delete_dead_letters(stack.environment["DATABASE_URL"])
    with bury_poison(stack):
        found = run_notebook(NAME)
        assert (found.verdict, found.red) == (Verdict.FAILED, {"no step is open"})
        assert "securenet-obs run task_is_poisonous -p requeue_task=echo_canary" in found.text
        rehearsed = run_notebook(NAME, "requeue_task=echo_canary")
        digest = find_digest(rehearsed.text)
        mended = run_notebook(NAME, "requeue_task=echo_canary", f"confirm={digest}")
    assert (mended.verdict, mended.red) == (Verdict.PASSED, set())
    assert "1 were sent again, all succeeded" in mended.text
    assert run_notebook(NAME).verdict == Verdict.PASSED
