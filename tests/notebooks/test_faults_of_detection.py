"""Faults of the three tasks: network logs, vulnerabilities, anomalies."""

from pathlib import Path

import pytest

from securenet_obs.runner.notebook.catalog import find
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack
from tests.notebooks.faults import BrokenPart, Fault, Run, expect_red

PROJECT = Path(__file__).parents[2]
DETECTION = "10_detection_is_right"

LOGS = {
    "malformed_dropped": "every item is counted or quarantined",
    "denials_missed": "the minutes are the planted ones",
    "repeats_counted": "a repeated batch changes nothing",
}
FIRST_SCAN = {
    "aliases_apart": "exactly the planted vulnerabilities are found",
    "severities_unknown": "every severity is that of its CVSS vector",
    "plan_by_own_vulnerabilities": "the plan leads to versions without vulnerabilities",
}
SECOND_SCAN = {
    "unjudged_taken_for_safe": "what cannot be judged is listed",
    "causes_not_told_apart": "every cause is the planted one",
    "findings_kept_open": "a fixed finding is resolved",
}
ANOMALIES = {
    "history_cut": "the model has learned the whole history",
    "never_silent": "exactly the planted anomalies are found",
    "reasons_withheld": "every anomaly is explained",
}
PARTS = (LOGS, FIRST_SCAN, SECOND_SCAN, ANOMALIES)
"""Parts of the notebook: fault of the worker -> the only check that it turns red."""

# One fault of each part at a time: a worker and a notebook take as long for four as for one.
ROUNDS = [tuple(faults) for faults in zip(*PARTS, strict=True)]
RED = {fault: check for part in PARTS for fault, check in part.items()}


@pytest.mark.parametrize("faults", ROUNDS, ids="+".join)
def test_a_fault_turns_its_check_red_and_no_other(
    faults: tuple[str, ...], stack: LocalStack, broken: BrokenPart, run_notebook: Run
) -> None:
    """A fault fails exactly the check that covers it."""
    red = {RED[fault] for fault in faults}
    fault = Fault(DETECTION, "worker", red, faults=",".join(faults), parameters=())
    expect_red(fault, stack, broken, run_notebook)


def test_every_check_has_a_fault() -> None:
    """Every declared check has a fault, since a check that cannot fail is a defect."""
    assert set(RED.values()) == set(find(PROJECT, DETECTION).declared.checks)


def test_any_other_target_than_a_local_stack_is_refused(run_notebook: Run) -> None:
    """The notebook changes the store of its target."""
    done = run_notebook(DETECTION, environment={"ENVIRONMENT": "production"})
    assert (done.verdict, done.red) == (Verdict.ERROR, set())
    assert "on local stacks only" in done.text
