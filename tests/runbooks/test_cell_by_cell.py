"""In JupyterLab, after a failed step any cell may run again, and nothing acts twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from securenet_obs.oncall.history import History
from securenet_obs.stack import LocalStack

PROJECT = Path(__file__).parents[2]
REFUSED = 'runbook.act(confirm="0123456789ab")'


class Notebook:
    """A runbook in a kernel, without a runner: its code cells are run one by one."""

    def __init__(self, client: NotebookClient) -> None:
        self._client = client
        self.cells = [n for n, cell in enumerate(client.nb.cells) if cell.cell_type == "code"]

    def find(self, text: str) -> int:
        """Return the number of the first cell with a text."""
        cells = self._client.nb.cells
        return next(number for number in self.cells if text in cells[number].source)

    def edit(self, number: int, source: str) -> None:
        """Replace the source of a cell, as a person does."""
        self._client.nb.cells[number].source = source

    def run(self, number: int) -> str:
        """Run a cell; return its output as text, or the name of its error."""
        try:
            cell: Any = self._client.execute_cell(self._client.nb.cells[number], number)
        except CellExecutionError as error:
            return str(error.ename)
        return str(cell.outputs)

    def run_from(self, number: int) -> list[str]:
        """Run a cell and all below it, those after a failed one as well."""
        return [self.run(other) for other in self.cells if other >= number]


@pytest.fixture
def notebook(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Notebook]:
    """Yield `worker_is_gone` in a kernel, which looks for a worker that never was."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    actions = tmp_path / "actions.toml"
    actions.write_text('[restart_worker]\ncommand = ["true"]\nundo = "none"\n')
    monkeypatch.setenv("RUNBOOK_ACTIONS", str(actions))
    monkeypatch.setenv("SECURENET_OBS_EVIDENCE_ROOT", str(tmp_path / "evidence"))
    book = nbformat.read(PROJECT / "runbooks" / "worker_is_gone.ipynb", as_version=4)
    client = NotebookClient(
        book, timeout=60, resources={"metadata": {"path": str(PROJECT / "runbooks")}}
    )
    with client.setup_kernel():
        opened = Notebook(client)
        parameters = book.cells[opened.cells[0]]
        parameters.source = parameters.source.replace(
            'worker: str = ""', 'worker: str = "gone@host"'
        )
        parameters.source = parameters.source.replace("15.0", "0.5")
        yield opened


@pytest.mark.slow
def test_any_cell_may_run_again_after_a_failed_step(notebook: Notebook, tmp_path: Path) -> None:
    """A refused confirmation fails the last cell; then the real one acts once."""
    first, act = notebook.cells[0], notebook.find("runbook.act()")
    outputs = notebook.run_from(first)
    assert outputs[-1] == "ChecksFailedError"
    notebook.edit(act, REFUSED)
    assert "no dry run has issued" in notebook.run(act)
    for number in notebook.cells[3::3]:
        assert notebook.run_from(number)[-1] == "ChecksFailedError"
    history = History(tmp_path / "evidence")
    assert [row for row in history.read() if row["event"] == "before"] == []
    issued = [row for row in history.read() if row["event"] == "issued"]
    notebook.edit(act, f'runbook.act(confirm="{issued[-1]["digest"]}")')
    assert "DONE" in notebook.run(act)
    notebook.run(act)
    for number in (first, *notebook.cells[1:4], notebook.find("runbook.decide"), act):
        notebook.run(number)
    events = [row["event"] for row in history.read()]
    assert (events.count("confirmed"), events.count("before")) == (1, 1)
    assert "it was spent at" in notebook.run(act)
    assert notebook.run_from(act + 1)[-1] == "ChecksFailedError"
