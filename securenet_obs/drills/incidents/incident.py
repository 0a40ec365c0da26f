"""Types of incidents: the fault with its runbook, and the proof that the runbook mends it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

from securenet_obs.stack.local_stack import LocalStack


@dataclass(frozen=True)
class Incident:
    """A fault that a runbook mends.

    Args:
        name: name of the incident, as in the runbook's metadata.
        runbook: name of the runbook.
        description: description of the fault, one sentence.
        fault: context manager that injects the fault, and leaves the stack whole after its block,
            whether or not the runbook has mended it.
        row: part of the finding that must apply in the runbook's decision table.
        parameters: parameters of the runbook, as `name=value`.
        alert: the alert of a game day, as on-call receives it: source, severity, sentence.
    """

    name: str
    runbook: str
    description: str
    fault: Callable[[LocalStack], AbstractContextManager[None]]
    row: str
    parameters: tuple[str, ...] = ()
    alert: str = ""


@dataclass(frozen=True)
class Proof:
    """The result of an incident.

    Args:
        incident: name of the incident.
        runbook: name of the runbook.
        found: whether the row that must apply did, and no other.
        acted: whether the confirmed action was done.
        verified: whether the confirmed run passed.
        seconds: from the fault to the end of the confirmed run.
        problem: the reason for a failure; else empty.
    """

    incident: str
    runbook: str
    found: bool = False
    acted: bool = False
    verified: bool = False
    seconds: float = 0.0
    problem: str = ""

    @property
    def outcome(self) -> Literal["passed", "failed"]:
        """Whether the runbook found, mended and verified."""
        return "passed" if self.found and self.acted and self.verified else "failed"
