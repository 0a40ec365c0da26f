"""A run that is asked for, the listener of its progress, and its result."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from securenet_obs.runner.catalog import Notebook
from securenet_obs.runner.verdict import Judgement


@dataclass(frozen=True)
class Order:
    """A run that is asked for: a notebook, its parameters, deadlines and the kernel's folder.

    The kernel works in `folder`, or in a scratch folder that ends with the run.
    """

    notebook: Notebook
    given: Mapping[str, Any]
    assignments: tuple[str, ...] = ()
    deadline_s: float | None = None
    cell_deadline_s: float | None = None
    folder: Path | None = None

    @property
    def run_deadline_s(self) -> float:
        """Seconds the whole run may take."""
        return self.deadline_s or self.notebook.declared.deadline_s

    @property
    def each_cell_deadline_s(self) -> float:
        """Seconds a cell may take."""
        return self.cell_deadline_s or self.notebook.declared.cell_deadline_s


class Progress(Protocol):
    """Who is told how far a run is."""

    def started(self, run: str, cells: int) -> None:
        """A run was started; it has so many cells."""

    def waits(self, run: str, reason: str) -> None:
        """A run has to wait for others against the same target."""

    def cell(self, run: str, cell: int) -> None:
        """A run's cell was started."""

    def finished(self, run: str, judgement: Judgement, seconds: float) -> None:
        """A run was judged."""


@dataclass(frozen=True)
class Result:
    """A run that was judged."""

    run: str
    order: Order
    judgement: Judgement
    seconds: float
    attempt: int
