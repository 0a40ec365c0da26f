"""A drill's verdict: only one that lost nothing, doubled nothing and was noticed has passed."""

from dataclasses import replace
from typing import Any

import pytest

from securenet_obs.drills import DrillResult, ExpectedAlarm, ValidationOutcome

GOOD = DrillResult("redis-down", accepted=9, in_flight=8, recovered_s=1.0)


def test_a_drill_that_went_well_has_passed() -> None:
    """Everything that was accepted is counted."""
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
def test_one_thing_that_is_wrong_fails_it(found: dict[str, Any]) -> None:
    """None of them outweighs another."""
    assert replace(GOOD, **found).verdict == "failed"


def test_a_drill_that_was_not_run_is_neither() -> None:
    """It proves nothing, and is not counted as passed."""
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
def test_a_fault_is_noticed_by_its_own_check(outcome: ValidationOutcome, is_raised: bool) -> None:
    """One that is red for something else has not noticed; one that reaches nothing has."""
    assert ExpectedAlarm("any", "it ticks").is_raised_by(outcome) is is_raised
