"""The notebook as evidence: its annotations, and a true status for each cell."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from securenet_obs.runner.evidence.document import (
    BROKEN_OFF,
    NOT_RUN,
    annotate,
)
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.notebook.preparation import prepare
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.record.verdict import Judgement, Verdict

STARTED = {"notebook": "n", "at": "now", "attempt": 1, "parameters": {}, "kind": "plain"}
DIED = Judgement(Verdict.KERNEL_DIED, 2, "the <kernel> | died")


def code_cells(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in document["cells"] if cell["cell_type"] == "code"]


def test_a_cell_shows_its_outcome(write_notebook: Callable[..., Path]) -> None:
    """An unfinished cell and one that did not run are marked, whatever status papermill wrote."""
    document = dict(prepare(read_notebook(write_notebook("1", "2", "3")), {}).document)
    for cell in code_cells(document):
        cell["metadata"]["papermill"] = {"status": "completed"}
    record = RunRecord("r", STARTED, cell=2, finished={1: {"event": "cell_finished"}})
    cells = code_cells(annotate(document, record, DIED, "# banner"))
    assert [cell["metadata"]["securenet"]["status"] for cell in cells] == [
        "finished", "broken off", "not run",
    ]  # fmt: skip
    texts = [output["data"]["text/plain"] for cell in cells for output in cell["outputs"]]
    assert texts == [BROKEN_OFF, NOT_RUN]
    assert not any("papermill" in cell["metadata"] for cell in cells)


def test_a_document_that_is_annotated_again_has_each_annotation_once(
    write_notebook: Callable[..., Path],
) -> None:
    """The verdict may change after the first time; two banners had contradicted each other."""
    document = dict(prepare(read_notebook(write_notebook("1", "2", "3")), {}).document)
    record = RunRecord("r", STARTED, cell=2, finished={1: {"event": "cell_finished"}})
    once = annotate(document, record, DIED, "# another banner")
    assert annotate(once, record, DIED, "# banner") == annotate(document, record, DIED, "# banner")
