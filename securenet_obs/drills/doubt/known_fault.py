"""Types of known faults: the fault, and the validations that notice it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from securenet_obs.stack.local_stack import LocalStack


@dataclass(frozen=True)
class Alarm:
    """The validation for a fault, and its red checks.

    Args:
        notebook: name of the validation.
        checks: names of the checks that fail, and no others.
        parameters: as `name=value`; they shorten the wait for what cannot come.
        may_fail: further checks that the fault may fail or leave open.
    """

    notebook: str
    checks: frozenset[str]
    parameters: tuple[str, ...] = ()
    may_fail: frozenset[str] = frozenset()

    def explain_difference(self, failed: frozenset[str]) -> str:
        """Return the difference between the failed checks and the expected ones; empty if none."""
        missing, others = self.checks - failed, failed - self.checks - self.may_fail
        texts = [f"passed: {name}" for name in sorted(missing)]
        return "; ".join(texts + [f"failed, too: {name}" for name in sorted(others)])


def expect_alarm(
    notebook: str, *checks: str, may_fail: tuple[str, ...] = (), **parameters: object
) -> tuple[Alarm, ...]:
    """Return the alarm of one validation, with its parameters as keywords."""
    given = tuple(f"{name}={value}" for name, value in parameters.items())
    return (Alarm(notebook, frozenset(checks), given, frozenset(may_fail)),)


@dataclass(frozen=True)
class KnownFault:
    """A fault of a local stack that a validation should notice.

    Args:
        name: name of the fault.
        description: description of the fault, one sentence.
        hold: context manager that holds the fault in its block, and leaves the stack whole.
        alarms: the project's validations that notice it.
    """

    name: str
    description: str
    hold: Callable[[LocalStack], AbstractContextManager[object]]
    alarms: tuple[Alarm, ...] = ()
