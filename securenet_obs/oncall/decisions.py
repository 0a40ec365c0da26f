"""Decision table of a runbook: rows with finding, reason and step."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from securenet_obs.oncall.actions.step import Manual, Step
from securenet_obs.oncall.shown import Shown
from securenet_obs.tables import html_cell, html_rows


@dataclass(frozen=True)
class Row:
    """One row of a decision table.

    Args:
        finding: the case, in words; unique in its table.
        applies: whether it is the case.
        why: the reason, in words with values.
        step: the step to take; required if the row applies.
    """

    finding: str
    applies: bool
    why: str
    step: Step | None = None

    def __post_init__(self) -> None:
        """Refuse a row that would end in prose alone."""
        if self.applies and self.step is None:
            raise ValueError(f"the row {self.finding!r} applies and has no step")

    @property
    def step_text(self) -> str:
        """The step in words; empty for a row that does not apply."""
        if self.step is None or not self.applies:
            return ""
        command = f": {self.step.command}" if isinstance(self.step, Manual) else ""
        return f"{self.step.does}{command}"


def render_table(rows: Sequence[Row]) -> Shown:
    """Return the decision table; rows that apply are marked and come first."""
    ordered = sorted(rows, key=lambda row: not row.applies)
    lines = [f"{'->' if row.applies else '  '} {_line(row)}" for row in ordered]
    if not any(row.applies for row in rows):
        lines.append("No row applies: there is nothing to do.")
    cells = "".join(_html_row(row) for row in ordered)
    data = {"rows": [{"finding": row.finding, "applies": row.applies} for row in rows]}
    return Shown("\n".join(lines), html_rows(cells), data)


def _line(row: Row) -> str:
    text = f"{row.finding}: {row.why}"
    return f"{text}\n     {row.step_text}" if row.step_text else text


def _html_row(row: Row) -> str:
    finding = html.escape(row.finding)
    cells = [
        html_cell("<b>applies</b>" if row.applies else "does not apply"),
        html_cell(f"<b>{finding}</b>" if row.applies else finding),
        html_cell(html.escape(row.why)),
        html_cell(html.escape(row.step_text)),
    ]
    return f"<tr>{''.join(cells)}</tr>"
