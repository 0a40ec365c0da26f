"""Renders the results of drills as a table for a terminal, and as plain data for JSON."""

from collections.abc import Iterable
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from securenet_obs.drills.drill import DrillResult

STYLES = {"passed": "green", "failed": "bold red", "skipped": "yellow"}
"""Styles of verdicts."""

_MAX_LABELS = 3


def render_drill_table(results: Iterable[DrillResult]) -> Table:
    """Return a table with one row per drill; problems and reasons for skipping are listed below."""
    table = Table(
        box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold", caption_justify="left"
    )
    table.add_column("drill", no_wrap=True)
    for name in ("accepted", "lost", "doubled", "recovery s"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("during the fault", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    remarks: list[str] = []
    for result in results:
        table.add_row(*_format_cells(result))
        remarks += (f"{result.drill}: {remark}" for remark in list_remarks(result))
    table.caption = Text("\n".join(remarks)) if remarks else None
    return table


def serialise_drill_result(result: DrillResult) -> dict[str, Any]:
    """Return one result as plain data, for JSON."""
    fields = {name: getattr(result, name) for name in DrillResult.__dataclass_fields__}
    return {**fields, "validations": dict(result.validations), "verdict": result.verdict}


def _format_cells(result: DrillResult) -> tuple[str, ...]:
    verdict = f"[{STYLES[result.verdict]}]{result.verdict}[/]"
    if result.skipped:
        return (result.drill, *("-" for _ in range(5)), verdict)
    verdicts = [f"{_shorten_name(name)} {verdict}" for name, verdict in result.validations.items()]
    return (
        result.drill,
        str(result.accepted),
        str(len(result.lost)),
        str(len(result.doubled)),
        "never" if result.recovered_s is None else f"{result.recovered_s:.1f}",
        escape("\n".join(verdicts)) or "-",
        verdict,
    )


def _shorten_name(notebook: str) -> str:
    """Return the short name of a validation: its number."""
    return notebook.partition("_")[0]


def list_remarks(result: DrillResult) -> list[str]:
    """Return the failures of a drill, or the reason why it was skipped."""
    labels_by_kind = {"lost": result.lost, "doubled": result.doubled}
    return [
        *filter(None, [result.skipped]),
        *result.problems,
        *(f"{notebook} did not detect the fault" for notebook in result.unnoticed),
        *(f"{kind}: {_format_labels(labels)}" for kind, labels in labels_by_kind.items() if labels),
    ]


def _format_labels(labels: tuple[str, ...]) -> str:
    more = len(labels) - _MAX_LABELS
    return ", ".join(labels[:_MAX_LABELS]) + (f" and {more} more" if more > 0 else "")
