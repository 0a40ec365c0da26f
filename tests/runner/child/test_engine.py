"""papermill engine: the events of each cell, in order, and the event that ends the run."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpec

from securenet_obs.runner.child.engine import execute as execute_notebook
from securenet_obs.runner.child.spec import Spec
from securenet_obs.runner.kernel.launch import RunKernelSpecs
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.notebook.preparation import prepare

CHECKED = (
    "from securenet_obs.checks import Checks\nchecks = Checks()\n"
    "checks.expect('one is one', expected=1, observed=1)"
)


class Reported:
    """A report that records its events."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.saved: list[int] = []

    def event(self, event: str, **fields: Any) -> None:
        """Record the event."""
        self.events.append({"event": event, **fields})

    def save(self, notebook: Any) -> None:
        """Record the number of outputs."""
        self.saved.append(sum(len(cell.get("outputs", [])) for cell in notebook["cells"]))

    def names(self) -> list[str]:
        """Return the names of the events."""
        return [str(row["event"]) for row in self.events]


@pytest.fixture
def run(
    write_notebook: Callable[..., Path], server: str, tmp_path: Path
) -> Callable[..., Reported]:
    """Return a function that executes cells and returns the reported events."""

    def engine(*cells: str, deadline_s: float = 30.0, cell_deadline_s: float = 20.0) -> Reported:
        document = prepare(read_notebook(write_notebook(*cells), plain=True), {}).document
        (tmp_path / "n.ipynb").write_text(json.dumps(document))
        names = ["r", *(str(tmp_path / name) for name in ("n.ipynb", "out.ipynb", "journal"))]
        places = (str(tmp_path), str(tmp_path), time.monotonic() + deadline_s)
        reported = Reported()
        spec = Spec(*names, *places, deadline_s, cell_deadline_s, warm=server)
        execute_notebook(spec, reported)
        return reported

    return engine


def test_each_cell_is_reported_when_it_starts_and_when_it_ends(
    run: Callable[..., Reported],
) -> None:
    """A cell's events have its number, checks and bytes; the notebook is saved after every cell."""
    reported = run(CHECKED, "print('four')")
    assert reported.names() == [
        "kernel_started", "cell_started", "check", "cell_finished",
        "cell_started", "cell_finished", "ended",
    ]  # fmt: skip
    assert [row.get("cell") for row in reported.events[1:6]] == [1, 1, 1, 2, 2]
    assert reported.events[2]["name"] == "one is one"
    assert reported.events[5]["output_bytes"] == 5
    assert reported.saved == [1, 2, 2]


def test_nothing_runs_after_a_cell_that_failed(run: Callable[..., Reported]) -> None:
    """The event of a failed cell has the error's name and message, and no later cell starts."""
    reported = run("raise ValueError('no')", "1")
    assert reported.names()[-3:] == ["cell_started", "cell_error", "ended"]
    assert (reported.events[-2]["name"], reported.events[-2]["message"]) == ("ValueError", "no")


@pytest.mark.parametrize(
    ("deadline", "seconds", "reason"),
    [
        ("cell_deadline_s", 1.0, "longer than the cell deadline of {:g} s"),
        ("deadline_s", 3.0, "the run took longer than its deadline of {:g} s"),
    ],
)
def test_a_timeout_names_its_deadline(
    deadline: str, seconds: float, reason: str, run: Callable[..., Reported]
) -> None:
    """The event names the deadline; the cell is interrupted, and its traceback is still saved."""
    # A run that is held may hit its deadline before its cell runs.
    for allowed_s in (seconds, 4 * seconds):
        reported = run("import time; time.sleep(60)", **{deadline: allowed_s})
        if reported.saved[-1:] == [1]:
            break
    assert "ended" not in reported.names()
    (first, *_) = [row for row in reported.events if row["event"] == "timeout"]
    assert (first["cell"], first["reason"]) == (1, reason.format(allowed_s))
    assert reported.saved[-1] == 1


def test_a_dead_kernel_does_not_end_the_run_normally(run: Callable[..., Reported]) -> None:
    """A kernel that exits during a cell is reported as `kernel_died`, also with exit status 0."""
    assert run("import os; os._exit(0)").names()[-2:] == ["cell_started", "kernel_died"]


def test_a_kernel_that_is_not_there_at_the_deadline_is_a_timeout(
    run: Callable[..., Reported], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel that does not start by the deadline is a timeout, not an error: no cell has run."""
    slow = KernelSpec(argv=[sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(RunKernelSpecs, "get_kernel_spec", lambda *_: slow)
    reported = run("1", deadline_s=1.0)
    assert reported.names() == ["timeout"]
    assert "no kernel by the run's deadline of 1 s" in reported.events[0]["reason"]
