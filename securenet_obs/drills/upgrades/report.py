"""Renders a rehearsed upgrade as a table for a terminal, and as plain data for JSON."""

from typing import Any

from rich.table import Table
from rich.text import Text

from securenet_obs.drills.report import STYLES
from securenet_obs.drills.upgrades.rehearsal import Rehearsal


def render_rehearsal(rehearsal: Rehearsal) -> Table:
    """Return a table with a row per validation and drill, and a column per combination."""
    combinations = list(dict.fromkeys(trial.combination for trial in rehearsal.trials))
    verdicts = {(each.subject, each.combination): each.verdict for each in rehearsal.trials}
    table = Table(
        box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold", caption_justify="left"
    )
    table.add_column("", no_wrap=True)
    for combination in combinations:
        table.add_column(combination, no_wrap=True)
    for subject in dict.fromkeys(trial.subject for trial in rehearsal.trials):
        cells = [verdicts.get((subject, combination), "-") for combination in combinations]
        table.add_row(subject, *(Text(cell, STYLES.get(cell, "")) for cell in cells))
    table.caption = Text("\n".join([*_describe_moved(rehearsal), *_describe_broken(rehearsal)]))
    return table


def serialise_rehearsal(rehearsal: Rehearsal) -> dict[str, Any]:
    """Return a rehearsal as plain data, for JSON."""
    moved = {
        name: {"before": before, "after": after}
        for name, (before, after) in rehearsal.moved.items()
    }
    return {
        "moved": moved,
        "trials": [vars(trial) for trial in rehearsal.trials],
        "broken": [vars(trial) for trial in rehearsal.broken],
        "unjudged": [vars(trial) for trial in rehearsal.unjudged],
    }


def _describe_moved(rehearsal: Rehearsal) -> list[str]:
    return [
        f"{name} {before or '(not installed)'} -> {after}"
        for name, (before, after) in rehearsal.moved.items()
    ]


def _describe_broken(rehearsal: Rehearsal) -> list[str]:
    unjudged, broken = (
        [f"{each.subject}, {each.combination}: {each.remark or each.verdict}" for each in trials]
        for trials in (rehearsal.unjudged, rehearsal.broken)
    )
    judgement = ["broken:", *broken] if broken else ["nothing broke"]
    if not unjudged:
        return judgement
    return ["not judged, bad today:", *unjudged, *judgement]
