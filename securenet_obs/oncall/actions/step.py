"""Steps of a runbook: an action that is a dry run until confirmed, or a manual one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

State = Mapping[str, str]
"""Facts of the target that an action depends on, by name; none that changes every second."""


@dataclass(frozen=True)
class Action:
    """A step that changes the target, once its dry run is confirmed.

    Args:
        name: name of the action, such as `grow_pool`.
        does: one sentence with the exact change and its object.
        undo: how to undo it, one sentence.
        read_state: reads the facts to which a confirmation is bound; writes nothing.
        run: acts, and returns the result in words. Running it twice has the effect of once.
        command: an equivalent command line, if there is one.
    """

    name: str
    does: str
    undo: str
    read_state: Callable[[], State]
    run: Callable[[], str]
    command: str = ""


@dataclass(frozen=True)
class Manual:
    """A step without automation; the run of its runbook ends open.

    Args:
        does: one sentence in the imperative.
        command: the command line to run.
        reason: why the runbook does not act itself.
    """

    does: str
    command: str
    reason: str = ""


Step = Action | Manual
"""The step of a row of a decision table."""
