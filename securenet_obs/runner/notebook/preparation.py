"""Prepares a notebook for its runs: injects parameters, collects secrets, numbers code cells."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from securenet_obs.runner.notebook.catalog import Notebook
from securenet_obs.runner.notebook.injection import (
    compared,
    effective,
    inject,
    is_injected,
    mark_read_back,
)
from securenet_obs.runner.notebook.parameters.json_values import secrets_in
from securenet_obs.runner.notebook.parameters.secret import Secret


@dataclass(frozen=True)
class Prepared:
    """A notebook with the parameters of a run; nothing changes it afterwards.

    Attributes:
        document: the notebook to execute, with given parameters injected.
        cells: number of its own code cells, which are counted from 1.
        given: values of the parameters that were given.
        values: value of every parameter.
        secrets: references among the values.
        compared: parameters to read back, each with its expected description.
    """

    document: Mapping[str, Any]
    cells: int
    given: Mapping[str, Any]
    values: Mapping[str, Any]
    secrets: tuple[Secret, ...]
    compared: Mapping[str, str]


def prepare(notebook: Notebook, given: Mapping[str, Any]) -> Prepared:
    """Prepare a notebook for its runs with the given parameters."""
    document = copy.deepcopy(notebook.document)
    document["cells"] = inject(notebook, document["cells"], given)
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    own = [cell for cell in code if not (given and is_injected(cell))]
    for number, cell in enumerate(own, start=1):
        cell["metadata"]["securenet"] = {"cell": number}
    mark_read_back(document["cells"])
    values = effective(notebook, given)
    secrets = tuple(secrets_in(values))
    return Prepared(document, len(own), given, values, secrets, compared(notebook, given))


def number_of(cell: Mapping[str, Any]) -> int | None:
    """Return the number of a code cell in a prepared notebook; the injected cell is 0."""
    number = cell["metadata"].get("securenet", {}).get("cell")
    return None if number is None else int(number)
