"""Orders: requested deadlines take precedence over the notebook's own."""

from collections.abc import Callable
from pathlib import Path

from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.notebook.preparation import prepare
from securenet_obs.runner.record.order import Order


def test_a_deadline_that_was_asked_for_outweighs_the_notebooks_own(
    write_notebook: Callable[..., Path],
) -> None:
    """The notebook's own deadlines, for the run and for each cell, are the default."""
    notebook = read_notebook(write_notebook("1", deadline_s=9, cell_deadline_s=3))
    default = Order(notebook, prepare(notebook, {}))
    assert (default.run_deadline_s, default.each_cell_deadline_s) == (9, 3)
    custom = Order(notebook, prepare(notebook, {}), (), 7, 2)
    assert (custom.run_deadline_s, custom.each_cell_deadline_s) == (7, 2)
