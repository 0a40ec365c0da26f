"""The verdict of a drill: it passes without lost, doubled and unnoticed faults only."""

from dataclasses import replace
from typing import Any

import pytest

from securenet_obs.drills import DrillResult, ExpectedAlarm, ValidationOutcome

GOOD = DrillResult("redis-down", accepted=9, in_flight=8, recovered_s=1.0)


def test_drill_without_problems_passes() -> None:
    """Every accepted batch is counted."""
    assert GOOD.verdict == "passed"


@pytest.mark.parametrize(
    "found",
    [
        {"lost": ("a",)},
        {"doubled": ("a",)},
        {"unnoticed": ("02_logs_are_structured_json",)},
        {"problems": ("worker ran on",)},
        {"recovered_s": None},
    ],
)
def test_any_single_problem_fails_a_drill(found: dict[str, Any]) -> None:
    """No problem outweighs another."""
    assert replace(GOOD, **found).verdict == "failed"


def test_drill_that_did_not_run_is_skipped() -> None:
    """It proves nothing and does not count as passed."""
    assert replace(GOOD, skipped="there is no /dev/full").verdict == "skipped"


@pytest.mark.parametrize(
    ("outcome", "is_raised"),
    [
        (ValidationOutcome("failed", frozenset({"it ticks", "another"})), True),
        (ValidationOutcome("failed", frozenset({"another"})), False),
        (ValidationOutcome("unreachable"), True),
        (ValidationOutcome("timeout"), False),
        (ValidationOutcome("passed"), False),
    ],
)
def test_alarm_is_raised_by_its_own_check(outcome: ValidationOutcome, is_raised: bool) -> None:
    """Another failed check does not count; an unreachable target does."""
    assert ExpectedAlarm("any", "it ticks").is_raised_by(outcome) is is_raised
