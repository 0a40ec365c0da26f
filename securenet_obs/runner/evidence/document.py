"""Inserts a banner, anchors and the status of each cell into an executed notebook."""

import copy
from typing import Any

from securenet_obs.runner.evidence.banner import anchors
from securenet_obs.runner.notebook.preparation import number_of
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.record.verdict import Judgement

Document = dict[str, Any]

BANNER = "securenet-banner"
"""Tag of the cells that are added to an executed notebook."""

NOT_RUN = "This cell did not run."
BROKEN_OFF = "This cell was started and did not finish."


def annotate(document: Document, record: RunRecord, judgement: Judgement, banner: str) -> Document:
    """Return an executed notebook with its banner, and a remark in each cell that did not finish.

    A document that has a banner, anchors and remarks already gets new ones instead of them.

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
        if cell["cell_type"] == "markdown" and cell["metadata"].get("tags") == [BANNER]:
            continue
        cell["metadata"].pop("papermill", None)
        number = number_of(cell)
        if number in names:
            cells.append(_markdown(f'<a id="{names[number]}"></a>', names[number]))
        if number is not None:
            _write_status(cell, number, record)
        cells.append(cell)
    document["cells"] = [_markdown(banner, BANNER), *cells]
    return document


def _write_status(cell: dict[str, Any], number: int, record: RunRecord) -> None:
    """Write the cell's status into its metadata; add a remark if the cell did not finish."""
    event = record.finished.get(number)
    status = "not run" if event is None else {"cell_error": "error"}.get(event["event"], "finished")
    if event is None and number == record.cell:
        status = "broken off"
    cell["metadata"]["securenet"]["status"] = status
    remark = {"not run": NOT_RUN, "broken off": BROKEN_OFF}.get(status)
    if remark and cell["source"].strip():
        others = [output for output in cell.get("outputs", []) if output != _remark(remark)]
        cell["outputs"] = [*others, _remark(remark)]


def _remark(text: str) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/plain": text, "text/markdown": f"*{text}*"},
    }


def _markdown(text: str, name: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {"tags": [BANNER]}, "source": text, "id": name}
