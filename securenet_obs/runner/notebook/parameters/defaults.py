"""Markers of defaults without a literal: `REQUIRED`, or `Computed` by a foreign notebook's cell."""

from dataclasses import dataclass

REQUIRED = object()
"""The default of a required parameter."""


@dataclass(frozen=True)
class Computed:
    """The default of a foreign notebook's parameter that is computed when its cell runs.

    The evidence records null for it, as for a required one: its source is not its value.
    """

    source: str
