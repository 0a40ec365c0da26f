"""What a drill is: the fault, who shall notice it meanwhile, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

from securenet_obs.stack.local_stack import LocalStack


@dataclass(frozen=True)
class Said:
    """What a validation said.

    Args:
        verdict: of its run.
        red: names of the checks that failed.
    """

    verdict: str
    red: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Look:
    """A validation that is run while the fault is in, and must notice it.

    Args:
        notebook: its name.
        red: the check by which it notices, green under the drill's tasks alone: hundreds of tasks
            in a queue are late, and so are others in that queue, where nothing is broken.
        parameters: as `name=value`.
    """

    notebook: str
    red: str
    parameters: tuple[str, ...] = ()

    def noticed(self, said: Said) -> bool:
        """Return whether it said what is broken, or could not even reach it."""
        return said.verdict == "unreachable" or self.red in said.red


@dataclass(frozen=True)
class Drill:
    """A fault to put into a stack with tasks in flight.

    Args:
        name: what it is called.
        breaks: what it breaks, in a sentence for a person.
        fault: what is in while its block runs, given what `setting` yields.
        looks: validations that must notice meanwhile.
        setting: what the stack needs beforehand; yields the stack, or what the fault is put into.
        holds_s: seconds that the fault is in at least.
        harmless: whether every batch must be counted before the fault is out, and before anybody
            looks.
        also_doubled: what was done twice, beside the batches.
        impossible: says why the drill cannot be run here; empty if it can.
    """

    name: str
    breaks: str
    fault: Callable[[Any], AbstractContextManager[None]]
    looks: tuple[Look, ...]
    setting: Callable[[LocalStack], AbstractContextManager[Any]] = nullcontext
    holds_s: float = 0.0
    harmless: bool = False
    also_doubled: Callable[[LocalStack], Sequence[str]] = lambda _: ()
    impossible: Callable[[], str] = lambda: ""


@dataclass(frozen=True)
class DrillResult:
    """What came of a drill.

    Args:
        drill: its name.
        accepted: batches that the API answered with 202; `refused` and `unknown` are the others.
        in_flight: batches that were accepted and not yet counted when the fault was put in.
        lost: task ids of those that were accepted and never counted.
        doubled: what was counted twice, or though it was refused.
        recovered_s: seconds until every accepted batch was counted, from when the fault was out
            (from when it was in, if it is harmless); None if some never were.
        slowest_answer_s: seconds that the API took to answer while the fault was in, at most.
        validations: notebook -> its verdict while the fault was in.
        unnoticed: notebooks of those that did not notice the fault.
        problems: what else was not as it must be.
        skipped: why the drill was not run.
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
        """How it ended; a fault that a validation did not notice is a failure too."""
        if self.skipped:
            return "skipped"
        wrong = self.lost or self.doubled or self.unnoticed or self.problems
        return "failed" if wrong or self.recovered_s is None else "passed"
