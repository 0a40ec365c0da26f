"""Spells assignments with times and dates as resolved, so that a resumed run has the same."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from securenet_obs.runner.notebook.parameters.json_values import as_text, leaves
from securenet_obs.runner.notebook.parameters.type_names import spelled


def resolved_assignments(assignments: Iterable[str], values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the `name=value` texts; those with a time or a date have it as it was resolved.

    Args:
        assignments: the texts as they were given.
        values: their parsed values.
    """
    return tuple(_resolved(text, values) for text in assignments)


def _resolved(assignment: str, values: Mapping[str, Any]) -> str:
    name = assignment.partition("=")[0].strip()
    value = values[name]
    if not any(isinstance(leaf, date) for leaf in leaves(value)):
        return assignment
    return f"{name}={spelled(as_text(value))}"
