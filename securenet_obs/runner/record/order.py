"""Types of a run: `Order` (notebook, deadlines), `Progress` (listener), `Result` (judgement)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from securenet_obs.runner.notebook.catalog import Notebook
from securenet_obs.runner.notebook.preparation import Prepared
from securenet_obs.runner.record.verdict import Judgement


@dataclass(frozen=True)
class Order:
    """Order for a run: a prepared notebook, its deadlines and the kernel's working folder.

    The kernel works in `folder`, or in a scratch folder that is removed after the run. `log_schema`
    is the file of the last green run's log schema, if it is not in the evidence beside this run.
    """

    notebook: Notebook
    prepared: Prepared
    assignments: tuple[str, ...] = ()
    deadline_s: float | None = None
    cell_deadline_s: float | None = None
    folder: Path | None = None
    log_schema: Path | None = None

    @property
    def run_deadline_s(self) -> float:
        """Seconds the whole run may take."""
        return self.deadline_s or self.notebook.declared.deadline_s

    @property
    def each_cell_deadline_s(self) -> float:
        """Seconds a cell may take."""
        return self.cell_deadline_s or self.notebook.declared.cell_deadline_s


class Progress(Protocol):
    """Progress listener for runs."""

    def started(self, run: str, cells: int) -> None:
        """Handle the start of a run with this number of cells."""

    def waits(self, run: str, reason: str) -> None:
        """Handle a run's wait for other runs against the same target."""

    def cell(self, run: str, cell: int) -> None:
        """Handle the start of a run's cell."""

    def shown(self, run: str, text: str) -> None:
        """Handle a text that a run's cell has shown for the terminal."""

    def finished(self, run: str, judgement: Judgement, seconds: float) -> None:
        """Handle the judgement of a run."""


@dataclass(frozen=True)
class Result:
    """The result of a run that was judged.

    `is_lost` is set if the run was lost with its machine, and another one runs it again.
    """

    run: str
    order: Order
    judgement: Judgement
    seconds: float
    attempt: int
    is_lost: bool = False
