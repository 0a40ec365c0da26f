"""The runbook for a stopped schedule leads from a beat that is gone to windows that have run."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from securenet_obs.drills.incidents import Proof
from securenet_obs.drills.incidents.faults.stopped_schedule import (
    date_ahead,
    double_beat,
    lose_window,
)
from securenet_obs.processes.polling import poll_until
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack

NAME = "schedule_stopped"
TWINS_S = 26.0
WINDOW_S = 6 * 3600
MARGIN_S = 180.0


def test_it_restarts_beat_and_runs_missed_windows_once(
    prove_runbook: Callable[[str], Proof],
) -> None:
    """Its row applies alone, the confirmed restart is done, and the missed window has run."""
    proof = prove_runbook("beat-gone-for-a-night")
    assert (proof.problem, proof.outcome) == ("", "passed")


@pytest.mark.slow
def test_a_healthy_stack_needs_no_action(run_notebook: Callable[..., Any]) -> None:
    """No row applies, no action is offered, and the run passes."""
    done = run_notebook(NAME)
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "finding"),
    [
        (date_ahead, "a last time lies in the future"),
        (lose_window, "a window was sent and has not run: vulnerability-scan"),
    ],
)
def test_an_entry_is_mended(
    stack: LocalStack, run_notebook: Callable[..., Any], fault: Callable[..., Any], finding: str
) -> None:
    """By a last time of now, or by a task for the window, once each is confirmed."""
    if fault is lose_window and not MARGIN_S < time.time() % WINDOW_S < WINDOW_S - MARGIN_S:
        pytest.skip("a window of the scans has just begun, or is about to")
    with fault(stack):
        found = run_notebook(NAME)
        digest = json.loads(re.findall(r'"confirm": ("\w+")', found.text)[0])
        mended = run_notebook(NAME, f"confirm={digest}")
    assert (found.verdict, found.red) == (Verdict.FAILED, {"no step is open"})
    assert f"-> {finding}" in found.text
    assert (mended.verdict, mended.red) == (Verdict.PASSED, set())


@pytest.mark.slow
def test_two_beats_are_found(stack: LocalStack, run_notebook: Callable[..., Any]) -> None:
    """The stack has no command that finds the second one: a person must stop it."""
    finding = "-> two beats send the schedule"
    with double_beat(stack):
        time.sleep(TWINS_S)
        # In the first window one of them may have been late: to start, or with its tasks.
        done = poll_until(
            lambda: run_notebook(NAME, "window_s=20"),
            lambda done: finding in done.text,
            deadline_s=120,
        )
    assert (done.verdict, done.red) == (Verdict.FAILED, {"no step is open"})
    assert finding in done.text
    assert "RUNBOOK_ACTIONS names no action one_beat" in done.text
