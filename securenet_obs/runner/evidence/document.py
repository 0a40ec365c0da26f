"""Prepares a notebook for a run and completes it as evidence: numbered cells, status, banner."""

import copy
from collections.abc import Mapping
from typing import Any

from securenet_obs.runner.evidence.banner import anchors
from securenet_obs.runner.notebook.catalog import Notebook
from securenet_obs.runner.notebook.injection import inject, is_injected, mark_read_back
from securenet_obs.runner.record.journal import RunRecord
from securenet_obs.runner.record.verdict import Judgement

Document = dict[str, Any]

BANNER = "securenet-banner"
"""Tag of the cells that are added to an executed notebook."""

NOT_RUN = "This cell did not run."
BROKEN_OFF = "This cell was started and did not finish."


def prepared(notebook: Notebook, given: Mapping[str, Any]) -> Document:
    """Return a copy to execute: no outputs, cells numbered from 1, given parameters injected."""
    document = copy.deepcopy(notebook.document)
    document["metadata"].pop("papermill", None)
    # Format 4.5 gives every cell an id; the document is 4.5 from here on.
    document["nbformat_minor"] = max(5, int(document.get("nbformat_minor", 0)))
    for index, cell in enumerate(document["cells"]):
        cell.setdefault("id", f"cell-{index}")
    document["cells"] = inject(notebook, document["cells"], given)
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    own = [cell for cell in code if not (given and is_injected(cell))]
    for number, cell in enumerate(own, start=1):
        cell["outputs"], cell["execution_count"] = [], None
        cell["metadata"]["securenet"] = {"cell": number}
    mark_read_back(document["cells"])
    return document


def count_cells(document: Document) -> int:
    """Return the number of a prepared notebook's own code cells."""
    return sum(1 for cell in document["cells"] if (number_of(cell) or 0) > 0)


def number_of(cell: Mapping[str, Any]) -> int | None:
    """Return the number of a code cell in a prepared notebook; the injected cell is 0."""
    number = cell["metadata"].get("securenet", {}).get("cell")
    return None if number is None else int(number)


def finished(document: Document, record: RunRecord, judgement: Judgement, banner: str) -> Document:
    """Return an executed notebook with its banner, and a remark in each cell that did not finish.

    Args:
        document: the notebook as the run left it.
        record: the run's journal record; papermill's own statuses are not used.
        judgement: the verdict and its cell.
        banner: Markdown for the first cell.
    """
    document = copy.deepcopy(document)
    document["metadata"].pop("papermill", None)
    cells = []
    names = anchors(record, judgement)
    for cell in document["cells"]:
        cell["metadata"].pop("papermill", None)
        number = number_of(cell)
        if number in names:
            cells.append(_markdown(f'<a id="{names[number]}"></a>', names[number]))
        if number is not None:
            _tell_status(cell, number, record)
        cells.append(cell)
    document["cells"] = [_markdown(banner, BANNER), *cells]
    return document


def _tell_status(cell: dict[str, Any], number: int, record: RunRecord) -> None:
    """Write the cell's status into its metadata; add a remark if the cell did not finish."""
    event = record.finished.get(number)
    status = "not run" if event is None else {"cell_error": "error"}.get(event["event"], "finished")
    if event is None and number == record.cell:
        status = "broken off"
    cell["metadata"]["securenet"]["status"] = status
    remark = {"not run": NOT_RUN, "broken off": BROKEN_OFF}.get(status)
    if remark and cell["source"].strip():
        cell["outputs"] = [*cell.get("outputs", []), _remark(remark)]


def _remark(text: str) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/plain": text, "text/markdown": f"*{text}*"},
    }


def _markdown(text: str, name: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {"tags": [BANNER]}, "source": text, "id": name}
