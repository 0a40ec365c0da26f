"""A validation is doubted: noticed, unnoticed, and faults that could not be injected."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from securenet_obs.drills import ValidationOutcome
from securenet_obs.drills.doubt import Alarm, Doubt, KnownFault, doubt, rehearse
from securenet_obs.drills.doubt.doubting import Notice
from securenet_obs.errors import DoubtError, StackError


class Stage:
    """Stands for a stack: knows which fault is held."""

    def __init__(self) -> None:
        self.environment: dict[str, str] = {}
        self.held = ""


@contextmanager
def hold(stage: Any, name: str) -> Iterator[None]:
    """Hold a fault, or refuse to."""
    if name == "impossible":
        raise StackError("no such device")
    stage.held = name
    try:
        yield
    finally:
        stage.held = ""


def fault(name: str, *alarms: Alarm) -> KnownFault:
    return KnownFault(name, f"{name}.", lambda stage: hold(stage, name), alarms)


def runner(
    stage: Stage, outcomes: Mapping[str, ValidationOutcome]
) -> Callable[[str, Sequence[str], Mapping[str, str]], ValidationOutcome]:
    """Return a runner whose outcomes depend on the held fault; without one it passes."""
    passed = ValidationOutcome("passed")
    return lambda _notebook, _parameters, _target: outcomes.get(stage.held, passed)


FAULTS = [fault(name) for name in ("seen", "twice", "away", "unseen", "impossible")]
OUTCOMES = {
    "seen": ValidationOutcome("failed", frozenset({"a"})),
    "twice": ValidationOutcome("failed", frozenset({"b", "a"})),
    "away": ValidationOutcome("unreachable"),
}


def test_what_is_noticed_is_named_by_check() -> None:
    """A verdict without a failed check counts, too; a fault that is not there does not."""
    stage: Any = Stage()
    assert doubt("n", [], FAULTS, stage, runner(stage, OUTCOMES)) == Doubt(
        "n",
        [
            Notice("seen", "a", "failed"),
            Notice("twice", "a", "failed"),
            Notice("twice", "b", "failed"),
            Notice("away", "", "unreachable"),
        ],
        ["unseen"],
        {"impossible": "no such device"},
    )


def test_a_validation_that_is_always_green_notices_nothing() -> None:
    """It passes during every fault."""
    stage: Any = Stage()
    found = doubt("n", [], FAULTS, stage, runner(stage, {}))
    assert (found.noticed, found.unnoticed) == ([], ["seen", "twice", "away", "unseen"])


def test_a_validation_that_is_red_without_a_fault_is_refused() -> None:
    """Its checks name no fault."""
    stage: Any = Stage()
    with pytest.raises(DoubtError, match=r"n is failed before any fault .*\(a\)"):
        doubt("n", [], FAULTS, stage, runner(stage, {"": OUTCOMES["seen"]}))


def test_a_stack_that_stays_red_is_reported() -> None:
    """What a fault leaves behind would be taken for the next one."""
    stage: Any = Stage()
    outcomes: dict[str, ValidationOutcome] = {}

    def run(*given: Any) -> ValidationOutcome:
        outcome = runner(stage, outcomes)(*given)
        if stage.held:
            outcomes[""] = OUTCOMES["seen"]
        return outcome

    with pytest.raises(DoubtError, match="after the faults"):
        doubt("n", [], FAULTS[:1], stage, run)


ALARM = Alarm("n", frozenset({"a"}), may_fail=frozenset({"b"}))


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (ValidationOutcome("failed", frozenset({"a"})), ""),
        (ValidationOutcome("failed", frozenset({"a", "b"})), ""),
        (ValidationOutcome("failed", frozenset({"a", "c"})), "failed, too: c"),
        (ValidationOutcome("failed", frozenset({"b"})), "passed: a"),
        (ValidationOutcome("passed"), "passed; passed: a"),
        (ValidationOutcome("error", frozenset({"a"})), "error; "),
    ],
)
def test_exactly_the_named_checks_must_fail(outcome: ValidationOutcome, problem: str) -> None:
    """A rehearsal tells the difference."""
    stage: Any = Stage()
    (row,) = rehearse([fault("seen", ALARM)], stage, runner(stage, {"seen": outcome}))
    assert (row.fault, row.notebook, row.checks, row.problem) == ("seen", "n", ["a"], problem)


def test_a_fault_that_cannot_be_rehearsed_is_a_problem() -> None:
    """Otherwise nobody would notice that nobody notices it."""
    stage: Any = Stage()
    (row,) = rehearse([fault("impossible", ALARM)], stage, runner(stage, {}))
    assert row.problem == "no such device"
