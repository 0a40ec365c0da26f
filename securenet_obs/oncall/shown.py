"""Output of a runbook: text for a terminal and HTML for a page, with data for other programs."""

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from securenet_obs.runner.record.terminal import TERMINAL_MIME
from securenet_obs.tables import html_cell, html_link, html_rows, running_shell, text_rows

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


@dataclass(frozen=True)
class Link:
    """A cell of a table that links a page, by an address or a path beside the notebook."""

    label: str
    address: str

    def __str__(self) -> str:
        """Return the label."""
        return self.label


def show(shown: Any) -> None:
    """Show an output in the running cell; on stdout outside of a notebook."""
    if running_shell() is None:
        print(shown)
    else:
        from IPython.display import display

        display(shown)  # type: ignore[no-untyped-call]


def show_rows(rows: Iterable[Sequence[str | Link]], data: Mapping[str, Any] | None = None) -> None:
    """Show pairs of a bold name and a value, one below the other."""
    pairs = [(str(name), value) for name, value in rows]
    width = max((len(name) for name, _ in pairs), default=0)
    text = "\n".join(f"{name:<{width}}  {value}".rstrip() for name, value in pairs)
    cells = "".join(
        f"<tr>{html_cell(f'<b>{html.escape(name)}</b>')}{_html_cell(value)}</tr>"
        for name, value in pairs
    )
    show(Shown(text, html_rows(cells), data or {}))


def show_table(names: Sequence[str], rows: Sequence[Sequence[str | Link]]) -> None:
    """Show a table with the names of its columns; a terminal gets the labels of links."""
    text = text_rows([names, *(list(map(str, row)) for row in rows)], [False] * len(names))
    header = "".join(html_cell(f"<b>{html.escape(name)}</b>") for name in names)
    body = "".join(f"<tr>{''.join(map(_html_cell, row))}</tr>" for row in rows)
    show(Shown(text, html_rows(f"<tr>{header}</tr>{body}")))


def _html_cell(cell: str | Link) -> str:
    if isinstance(cell, Link):
        return html_cell(html_link(cell.label, cell.address))
    return html_cell(html.escape(cell))
