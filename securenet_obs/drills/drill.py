"""Types of drills: a drill, its expected alarms, a validation's outcome, the drill's result."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

from securenet_obs.stack.local_stack import LocalStack


@dataclass(frozen=True)
class ValidationOutcome:
    """Outcome of a validation.

    Args:
        verdict: verdict of its run.
        failed_checks: names of the checks that failed.
    """

    verdict: str
    failed_checks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ExpectedAlarm:
    """A validation that runs during the fault, and must notice it.

    Args:
        notebook: name of the validation.
        check: the check that must fail, and that passes under the drill's load alone. A check of
            latency does not: hundreds of queued tasks delay all others in the queue anyway.
        parameters: as `name=value`.
    """

    notebook: str
    check: str
    parameters: tuple[str, ...] = ()

    def is_raised_by(self, outcome: ValidationOutcome) -> bool:
        """Return whether its check failed, or the target refused or was unreachable."""
        does_not_serve = outcome.verdict in ("refused", "unreachable")
        return does_not_serve or self.check in outcome.failed_checks


@dataclass(frozen=True)
class Drill:
    """A fault to inject into a stack with tasks in flight.

    Args:
        name: name of the drill.
        description: description of the fault, one sentence.
        fault: context manager that holds the fault in its block; takes the value of `setup`.
        expected_alarms: validations that must notice the fault.
        setup: context manager that prepares the stack; yields the stack, or another place for
            the fault.
        min_duration_s: minimum duration of the fault in seconds.
        harmless: whether every batch must be counted despite the fault, before it ends and before
            the validations run.
        find_other_doubled: returns the work other than batches that was done twice.
        skip_reason: returns the reason why the drill cannot run here; empty if it can.
    """

    name: str
    description: str
    fault: Callable[[Any], AbstractContextManager[None]]
    expected_alarms: tuple[ExpectedAlarm, ...]
    setup: Callable[[LocalStack], AbstractContextManager[Any]] = nullcontext
    min_duration_s: float = 0.0
    harmless: bool = False
    find_other_doubled: Callable[[LocalStack], Sequence[str]] = lambda _: ()
    skip_reason: Callable[[], str] = lambda: ""


@dataclass(frozen=True)
class DrillResult:
    """Result of a drill.

    Args:
        drill: name of the drill.
        accepted: batches that the API answered with 202; `refused` and `unknown` are the others.
        in_flight: batches that were accepted and not yet counted when the fault was injected.
        lost: task ids of batches that were accepted and never counted.
        doubled: batches counted twice or counted although refused, and other doubled work.
        recovered_s: seconds from the end of the fault (from its start, if it is harmless) until
            every accepted batch was counted; None if some never were.
        slowest_answer_s: longest response time of the API during the fault, in seconds.
        validations: notebook -> its verdict during the fault.
        unnoticed: notebooks that did not notice the fault.
        problems: other failures.
        skipped: reason why the drill was not run.
    """

    drill: str
    accepted: int = 0
    refused: int = 0
    unknown: int = 0
    in_flight: int = 0
    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    recovered_s: float | None = None
    slowest_answer_s: float = 0.0
    validations: Mapping[str, str] = field(default_factory=dict)
    unnoticed: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    skipped: str = ""

    @property
    def verdict(self) -> Literal["passed", "failed", "skipped"]:
        """Verdict of the drill; a fault that a validation did not notice fails it too."""
        if self.skipped:
            return "skipped"
        wrong = self.lost or self.doubled or self.unnoticed or self.problems
        return "failed" if wrong or self.recovered_s is None else "passed"
