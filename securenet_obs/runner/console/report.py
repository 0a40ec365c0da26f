"""Prints tables to a terminal or a log: outcome of runs, catalog, one notebook, any other rows."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from securenet_obs.runner.console.layout import print_whole
from securenet_obs.runner.plain_text import plain_text
from securenet_obs.runner.record.attempts import Attempts, attempts
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.record.summary import (
    MAX_SHOWN_CHANGES,
    change_text,
    comparison,
    counts,
    verdict_text,
)
from securenet_obs.runner.record.verdict import NOTHING_RAN, all_skipped

if TYPE_CHECKING:
    # It imports nbformat, which commands that print other rows need not wait for.
    from securenet_obs.runner.notebook.catalog import Notebook

MAX_SHOWN_CHECKS = 10
"""Maximum number of failed checks shown under the table; the evidence has them all."""

COLOURS = {"passed": "green", "failed": "red"}


def print_table(console: Console, records: list[RunRecord]) -> None:
    """Print the verdict of each notebook's last attempt as a table, then the failing checks."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("notebook", "verdict", "passed", "failed", "skipped", "seconds"):
        justify: JustifyMethod = "left" if name in ("notebook", "verdict") else "right"
        table.add_column(name, justify=justify)
    groups = attempts(records)
    for record in (group.final for group in groups):
        tally = counts(record)
        judged = record.judged or {}
        colour = COLOURS.get(str(judged.get("verdict")), "yellow")
        table.add_row(
            Text(plain_text(record.started["notebook"])),
            Text(verdict_text(record), colour),
            *(str(tally[outcome]) for outcome in ("passed", "failed", "skipped")),
            f"{judged.get('seconds', 0):.1f}",
        )
    print_whole(console, table)
    for group in groups:
        for line in _problems(group):
            text = re.sub(r"\s*\n\s*", " ", plain_text(line))
            console.print(escape(text), soft_wrap=True)


def print_outcome(console: Console, records: list[RunRecord], folder: Path) -> None:
    """Print the table, an error if every run was skipped, and the path of the evidence."""
    print_table(console, records)
    if all_skipped(str((record.judged or {}).get("verdict")) for record in records):
        console.print(f"error: {NOTHING_RAN}", style="red", soft_wrap=True)
    console.print(f"evidence: {folder}", markup=False, soft_wrap=True)


def print_catalog(console: Console, notebooks: "Iterable[Notebook]") -> None:
    """Print one line per notebook."""
    rows = [
        {
            "name": notebook.name,
            "kind": notebook.declared.kind,
            "needs": ", ".join(notebook.declared.needs),
            "title": notebook.title,
        }
        for notebook in notebooks
    ]
    print_rows(console, rows)


def print_notebook(console: Console, notebook: "Notebook") -> None:
    """Print a notebook's purpose, needs, deadlines and parameters."""
    declared = notebook.declared
    console.print(escape(plain_text(notebook.title)), style="bold", soft_wrap=True)
    console.print(escape(plain_text(notebook.purpose)), soft_wrap=True)
    console.print(f"needs: {', '.join(declared.needs) or 'nothing'}", markup=False)
    if declared.optional_needs:
        console.print(f"for some checks: {', '.join(declared.optional_needs)}", markup=False)
    console.print(f"acts: {'yes, it changes the target' if declared.acts else 'no'}")
    console.print(f"deadlines: {declared.deadline_s:g} s, {declared.cell_deadline_s:g} s a cell")
    print_rows(console, [row.described() for row in notebook.schema.parameters])


def print_rows(console: Console, rows: list[dict[str, Any]]) -> None:
    """Print rows with the same keys as a table; print nothing without rows."""
    if not rows:
        return
    table = Table(*rows[0], box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(plain_text(str(value))) for value in row.values()))
    print_whole(console, table)


def _problems(group: Attempts) -> list[str]:
    """Return why an order did not pass, or not at once: a line for it, and one a failed check."""
    final, judged = group.final, group.final.judged or {}
    lines = []
    if judged.get("verdict") != "passed":
        where = f" at cell {judged['cell']}" if judged.get("cell") is not None else ""
        earlier = f" (attempt {len(group.runs)}; earlier: {_tally(group)})" if group.earlier else ""
        lines.append(f"{final.started['notebook']}{where}: {judged.get('reason', '')}{earlier}")
    elif group.earlier:
        lines.append(
            f"{final.started['notebook']}: {verdict_text(final)}; earlier: {_tally(group)}"
        )
    failing = _failing(group)
    lines += [line for lines_of_check in failing[:MAX_SHOWN_CHECKS] for line in lines_of_check]
    if (more := len(failing) - MAX_SHOWN_CHECKS) > 0:
        lines.append(f"  ... and {more} more failed checks, in {final.run}.html")
    return [*lines, *_changes(final)]


def _changes(final: RunRecord) -> list[str]:
    """Return the changes since the last green run, the most likely cause first."""
    compared = comparison(final)
    green, changes = compared["last_green"], compared["changes_since_green"]
    if not green:
        return []
    lines = [
        f"  changed since the green run {green['command']}:"
        if changes
        else f"  nothing recorded has changed since the green run {green['command']}"
    ]
    lines += [f"  {row['rank']:>3}. {change_text(row)}" for row in changes[:MAX_SHOWN_CHANGES]]
    if (more := len(changes) - MAX_SHOWN_CHANGES) > 0:
        lines.append(f"       ... and {more} more, in run.json")
    lines += [
        f"  not compared: {kind}: {reason}" for kind, reason in compared["not_compared"].items()
    ]
    return lines


def _tally(group: Attempts) -> str:
    """Return the verdicts of the earlier attempts with their numbers: `1 timeout, 2 failed`."""
    verdicts = Counter(str((run.judged or {}).get("verdict", "?")) for run in group.earlier)
    return ", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items()))


def _failing(group: Attempts) -> list[list[str]]:
    """Return a line for each check that failed in an attempt, the last one's first, and links."""
    rows = {row.name: row for run in group.runs for row in run.failing}
    times = Counter(row.name for run in group.runs for row in run.failing)
    last = [row.name for row in group.final.failing]
    return [
        [
            f"  ✘ {name}: expected {rows[name].expected}, observed {rows[name].observed}"
            + (f" (in {times[name]} of {len(group.runs)} attempts)" if group.earlier else ""),
            *(f"      {link}" for link in rows[name].links),
        ]
        for name in dict.fromkeys([*last, *rows])
    ]
