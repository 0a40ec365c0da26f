"""The runbook for spiking errors leads from a broken release to the former one."""

from collections.abc import Callable
from typing import Any

from securenet_obs.drills.incidents import Proof
from securenet_obs.runner.record.verdict import Verdict


def test_it_rolls_the_release_back(prove_runbook: Callable[[str], Proof]) -> None:
    """Its row applies alone, the confirmed roll-back is done, and the failures become fewer."""
    proof = prove_runbook("broken-release")
    assert (proof.problem, proof.outcome) == ("", "passed")


def test_a_healthy_stack_needs_no_action(run_notebook: Callable[..., Any]) -> None:
    """No row applies, and no action is offered."""
    done = run_notebook("errors_are_spiking", "window_s=1")
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text
