"""Defaults of parameters without a literal value: required, or computed by a foreign notebook."""

from dataclasses import dataclass

REQUIRED = object()
"""The default of a required parameter."""


@dataclass(frozen=True)
class Computed:
    """The default of a foreign notebook's parameter that is computed when its cell runs.

    The evidence records null for it, as for a required one: its source is not its value.
    """

    source: str
