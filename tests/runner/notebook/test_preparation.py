"""Prepared notebooks: numbered cells, and the parameters of a run."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.notebook.preparation import number_of, prepare


def code_cells(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in document["cells"] if cell["cell_type"] == "code"]


def test_the_cells_are_counted_from_one_and_parameters_injected_as_cell_zero(
    write_notebook: Callable[..., Path],
) -> None:
    """Given parameters follow their defaults, and do not shift the numbers of the cells."""
    notebook = read_notebook(write_notebook("1", "2", parameters="n: int = 3"))
    prepared = prepare(notebook, {"n": 4})
    assert [number_of(cell) for cell in code_cells(prepared.document)] == [1, 0, 2, 3]
    assert code_cells(prepared.document)[1]["source"].endswith("n = 4")
    assert prepared.cells == 3
    assert all(number_of(cell) is None for cell in notebook.document["cells"])


def test_the_values_of_a_run_are_prepared_with_its_document(
    write_notebook: Callable[..., Path],
) -> None:
    """Values, secrets and the values to read back belong to the same parameters."""
    parameters = 'n: int = 3\ntoken: Secret = Secret("secret:A_TOKEN")'
    prepared = prepare(read_notebook(write_notebook("1", parameters=parameters)), {"n": 4})
    assert prepared.values["n"] == 4
    assert [secret.name for secret in prepared.secrets] == ["A_TOKEN"]
    assert prepared.compared == {"n": "int 4", "token": "Secret secret:A_TOKEN"}
