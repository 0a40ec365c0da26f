"""Injects a run's parameters into cells; predicts every value; compares those read back.

papermill replaces the `injected-parameters` cell of an earlier run in place; otherwise it adds one
after the `parameters` cell, or at the top. This module always puts it after the `parameters` cell
if there is one, and removes all injected cells of earlier runs: if such a cell is out of place,
papermill silently leaves the defaults, or the values of the earlier run, in effect.
In a foreign notebook without a `parameters` cell, the injected cell of an earlier run has the
names. Without given parameters nothing is replaced, and the values of an earlier run apply.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from securenet_obs.redaction import redact
from securenet_obs.runner.notebook.catalog import INJECTED, PARAMETERS, Notebook
from securenet_obs.runner.notebook.parameters.assigned import COMPUTED, assigned_values
from securenet_obs.runner.notebook.parameters.cell import assignments
from securenet_obs.runner.notebook.parameters.defaults import REQUIRED, Computed
from securenet_obs.runner.notebook.parameters.values import MAX_TEXT_LENGTH, NOT_DEFINED, described

Cell = dict[str, Any]


def inject(notebook: Notebook, cells: list[Cell], given: Mapping[str, Any]) -> list[Cell]:
    """Return the cells with the given parameters in one cell, without those of earlier runs."""
    if not given:
        return cells
    place = _place(cells)
    before = [cell for cell in cells[:place] if not is_injected(cell)]
    after = [cell for cell in cells[place:] if not is_injected(cell)]
    return [*before, _injected(_injected_values(notebook, given)), *after]


def _injected_values(notebook: Notebook, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that the injected cell sets.

    If it replaces the only cell that sets parameters, it keeps the known values of the earlier
    run that are not given anew.
    """
    cells = _parameter_cells(notebook.document["cells"])
    if not given or any(_is(cell, PARAMETERS) for cell in cells):
        return dict(given)
    defaults = notebook.schema.effective({})
    known = {
        name: value
        for name, value in defaults.items()
        if value is not REQUIRED and not isinstance(value, Computed)
    }
    return known | dict(given)


def mark_read_back(cells: list[Cell]) -> None:
    """Mark the last cell that sets parameters: they are read back after it."""
    if parameter_cells := list(_parameter_cells(cells)):
        parameter_cells[-1]["metadata"]["securenet"]["read_back"] = True


def is_read_back(cell: Mapping[str, Any]) -> bool:
    """Return whether the parameters are read back after this cell."""
    return bool(cell["metadata"].get("securenet", {}).get("read_back"))


def is_injected(cell: Mapping[str, Any]) -> bool:
    """Return whether a cell contains given parameters, of this run or an earlier one."""
    return _is(cell, INJECTED)


def _is(cell: Mapping[str, Any], tag: str) -> bool:
    return tag in (cell["metadata"].get("tags") or [])


def _place(cells: list[Cell]) -> int:
    for tag, behind in ((PARAMETERS, 1), (INJECTED, 0)):
        for index, cell in enumerate(cells):
            if cell["cell_type"] == "code" and _is(cell, tag):
                return index + behind
    return 0


def _injected(given: Mapping[str, Any]) -> Cell:
    return {
        "cell_type": "code",
        "metadata": {"tags": [INJECTED], "securenet": {"cell": 0}},
        "source": assignments(given),
        "outputs": [],
        "execution_count": None,
        "id": INJECTED,
    }


def _parameter_cells(cells: list[Cell]) -> Iterator[Cell]:
    """Yield the code cells that set parameters: `parameters` cells and injected ones.

    The first `parameters` cell defines the schema; values that later ones override count too.
    """
    for cell in cells:
        if cell["cell_type"] == "code" and (_is(cell, PARAMETERS) or _is(cell, INJECTED)):
            yield cell


def effective(notebook: Notebook, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter's value: the given one, an earlier run's, or the default."""
    values = notebook.schema.effective(given)
    inherited: dict[str, Any] = {}
    found = False
    for cell in [] if given else _parameter_cells(notebook.document["cells"]):
        assigned = assigned_values(cell["source"]) or {}
        if is_injected(cell) or found:
            inherited |= assigned
        else:
            found = True
            inherited = {name: inherited[name] for name in inherited.keys() - assigned.keys()}
    known = {name: value for name, value in inherited.items() if value is not COMPUTED}
    return values | {name: known[name] for name in values.keys() & known.keys()}


def compared(notebook: Notebook, given: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters to read back, each with its expected description.

    These are the given parameters, and those that the cells set to literals.
    """
    literals: dict[str, Any] = {}
    trusted = notebook.declared.kind != "plain"
    for cell in _parameter_cells(notebook.document["cells"]):
        if given and is_injected(cell):
            continue
        assigned = assigned_values(cell["source"], constructors=trusted)
        literals = {} if assigned is None else literals | assigned
    names = notebook.schema.effective({}).keys()
    standing = {name: value for name, value in literals.items() if name in names}
    standing |= _injected_values(notebook, given)
    return {name: described(value) for name, value in standing.items() if value is not COMPUTED}


def differences(expected: Mapping[str, tuple[str, Any]], actual: Mapping[str, str]) -> str:
    """Return the differences between the kernel's parameters and the record; empty if they agree.

    Args:
        expected: description and recorded value of each parameter.
        actual: descriptions of the kernel's values.
    """
    # No colon after a name: the journal would mask the text after `token:`.
    return "; ".join(
        f"parameter {name} is recorded as {_shown(recorded)}, the kernel has "
        f"{_masked(name, actual.get(name, NOT_DEFINED))}"
        for name, (description, recorded) in expected.items()
        if actual.get(name) != description
    )


def _shown(recorded: Any) -> str:
    text = json.dumps(recorded, ensure_ascii=False)
    return text if len(text) <= MAX_TEXT_LENGTH else f"{text[:MAX_TEXT_LENGTH]}…"


def _masked(name: str, description: str) -> str:
    """Return a description, masked if the parameter's name marks its value as a secret."""
    if description.startswith("Secret secret:"):
        return description
    masked: Any = redact({name: description})
    return str(masked[name])
