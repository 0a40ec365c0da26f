"""The game day of the walkthrough: ends the worker of a local stack, and looks for its repair."""

import os
import signal
from collections.abc import Mapping
from typing import ClassVar

from securenet_obs.errors import StackError
from securenet_obs.oncall.history import Entry, History
from securenet_obs.oncall.identity import describe_target, find_evidence_root
from securenet_obs.oncall.shown import show_rows
from securenet_obs.settings import Settings
from securenet_obs.stack.state import PartState, find_stack_of

RUNBOOK = "worker_is_gone"
"""The runbook that mends it."""


class GameDay:
    """One game day on the local stack that serves a target.

    Args:
        settings: those of the target.
        environment: the target's variables; by default those of this process.
    """

    EXPECTED: ClassVar[str] = f"the worker runs again, by a confirmed action of {RUNBOOK}"
    HINT: ClassVar[str] = (
        f"Open runbooks/{RUNBOOK}.ipynb and run all cells. The decision table names the worker; "
        "the cell below it shows a dry run and how to confirm it. Confirm, run the cells below, "
        "and come back here."
    )

    def __init__(self, settings: Settings, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._target = describe_target(settings)
        self._history = History(find_evidence_root())
        self._ended: PartState | None = None
        self._actions_before = 0

    @property
    def has_begun(self) -> bool:
        """Whether the worker was ended."""
        return self._ended is not None

    def begin(self, *, wanted: bool) -> None:
        """End the worker as a crash does, if it is wanted, and once.

        Raises:
            StackError: the target is not a local stack.
        """
        if not wanted:
            show_rows([("game day", "not begun")])
            return
        if self._ended is None:
            worker = self._read_worker()
            self._actions_before = len(self._read_actions())
            os.kill(worker.pid, signal.SIGKILL)
            self._ended = worker
        show_rows([("ALERT", "no worker answers; tasks wait in the queues")])

    def observe(self) -> tuple[bool, str]:
        """Return whether the runbook has brought the worker back, and the observation.

        Raises:
            StackError: the stack was taken down meanwhile.
        """
        actions = self._read_actions()[self._actions_before :]
        worker = self._read_worker()
        is_back = worker.is_running() and worker.pid != (self._ended or worker).pid
        state = "the worker runs again" if is_back else "the worker does not run"
        done = [row for row in actions if row["outcome"] == "done"]
        by = done[-1]["does"] if done else f"no confirmed action of {RUNBOOK}"
        return is_back and bool(done), f"{state}; {by}"

    def _read_worker(self) -> PartState:
        state = find_stack_of(self._environment)
        if state is None:
            raise StackError("This target is not a running local stack: it has no game day.")
        return state.parts["worker"]

    def _read_actions(self) -> list[Entry]:
        """Return the ended actions of the runbook on this target."""
        return [
            row
            for row in self._history.read()
            if row["event"] == "after"
            and row["runbook"] == RUNBOOK
            and row["target"] == self._target
        ]
