"""Findings of lint: a notebook's departure from a rule, with its place and the correction."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One departure from a rule.

    Attributes:
        path: path of the notebook, as given.
        rule: name of the rule.
        problem: one sentence: the departure, and the correction.
        cell: number of the cell, counted from 1 over all cells; None for the whole notebook.
        is_open: whether it is a part of a draft that is still to be written; no failure.
    """

    path: str
    rule: str
    problem: str
    cell: int | None = None
    is_open: bool = False

    def __str__(self) -> str:
        """Return the finding as one line: place, rule, problem."""
        place = self.path if self.cell is None else f"{self.path}, cell {self.cell}"
        return f"{place}: {self.rule}: {self.problem}"

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object."""
        return asdict(self)
