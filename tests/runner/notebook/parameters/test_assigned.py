"""Cells of plain assignments: the names with values that are known without execution."""

from datetime import date
from typing import Any

import pytest

from securenet_obs.runner.notebook.parameters.assigned import COMPUTED, assigned_values

CELLS: dict[str, dict[str, Any] | None] = {
    "n = 1\nn = 2": {"n": 2},
    "n: int = 1\nm: int": {"n": 1},
    "'''text'''\nn = -1.5": {"n": -1.5},
    "n = [1, {'a': (None, True)}]": {"n": [1, {"a": (None, True)}]},
    "n = f()": {"n": COMPUTED},
    "n = 1\nn = float('nan')": {"n": COMPUTED},
    "n = 1\nm = n + 1": {"n": 1, "m": COMPUTED},
    "n = []\nm = n.append(1)": {"n": COMPUTED, "m": COMPUTED},
    "n = 1\nm = (n := 2)": {"n": COMPUTED, "m": COMPUTED},
    "n = 1\nimport os as n": {"n": COMPUTED},
    "n = date(2026, 1, 2)": {"n": COMPUTED},
    "from defaults import *": None,
    "n = 1\nn += 1": None,
    "n = 1\nif n: n = 2": None,
    "n = 1\nexec('n = 2')": None,
    "n, m = 1, 2": None,
    "%run defaults.py\nn = 1": None,
    "n = \0": None,
    "": {},
}


@pytest.mark.parametrize("source", CELLS)
def test_only_values_that_nothing_else_changes_are_known(source: str) -> None:
    """A value is known only in a cell of plain assignments: any other statement may change it."""
    assert assigned_values(source) == CELLS[source]


def test_dates_and_secrets_made_of_literals_are_known_where_their_names_are() -> None:
    """Dates and secrets of literals are known in our own notebooks, where their import is known."""
    values = assigned_values("n = date(2026, 1, 2)\nm = date('x')", constructors=True)
    assert values == {"n": date(2026, 1, 2), "m": COMPUTED}
