"""Output of a runbook: text for a terminal and HTML for a page, with data for other programs."""

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from securenet_obs.runner.record.terminal import TERMINAL_MIME
from securenet_obs.tables import html_cell, html_rows, running_shell

STEP_MIME = "application/vnd.securenet.runbook+json"
"""MIME type of the rows and steps of a runbook, as data in a cell's output."""


@dataclass(frozen=True)
class Shown:
    """One output: lines of text, also for the terminal, HTML, and data under `STEP_MIME`."""

    text: str
    html: str
    data: Mapping[str, Any] = field(default_factory=dict)

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": self.text, "text/html": self.html}
        bundle[TERMINAL_MIME] = {"text": self.text}
        return {**bundle, STEP_MIME: dict(self.data)} if self.data else bundle

    def __str__(self) -> str:
        """Return the text."""
        return self.text


def show(shown: Any) -> None:
    """Show an output in the running cell; on stdout outside of a notebook."""
    if running_shell() is None:
        print(shown)
    else:
        from IPython.display import display

        display(shown)  # type: ignore[no-untyped-call]


def show_rows(rows: Iterable[Sequence[str]], data: Mapping[str, Any] | None = None) -> None:
    """Show pairs of a bold name and a value, one below the other."""
    pairs = [(str(name), str(value)) for name, value in rows]
    width = max((len(name) for name, _ in pairs), default=0)
    text = "\n".join(f"{name:<{width}}  {value}".rstrip() for name, value in pairs)
    cells = "".join(
        f"<tr>{html_cell(f'<b>{html.escape(name)}</b>')}{html_cell(html.escape(value))}</tr>"
        for name, value in pairs
    )
    show(Shown(text, html_rows(cells), data or {}))
