"""Errors that IPython swallows: each is detected, named, and fails its cell."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode, v4
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NotebookExecutionManager
from papermill.exceptions import PapermillExecutionError
from papermill.execute import raise_for_execution_errors

from securenet_obs.runner.child.engine import RunClient
from securenet_obs.runner.child.spec import Spec
from securenet_obs.runner.command import Outcome
from securenet_obs.runner.kernel.faults import MAX_FAULTS, Faults
from securenet_obs.runner.record.runs import CommandRecord
from securenet_obs.runner.record.verdict import judge
from tests.runner import swallowing
from tests.runner.swallowing import DIVIDED, Way
from tests.runner.swallowing_background import BACKGROUND

WAYS = swallowing.WAYS | BACKGROUND

STARTED = {"event": "run_started", "run": "r", "kind": "plain", "declared": []}


class Events:
    """A report that records the events of each cell."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def event(self, event: str, **fields: Any) -> None:
        """Record the event."""
        self.rows.append({"event": event, "run": "r", **fields})

    def save(self, notebook: Any) -> None:
        """Discard the notebook."""

    def judgement(self) -> str:
        """Return the reason, or else the verdict, of the events since the last call."""
        rows, self.rows = self.rows, []
        (record,) = CommandRecord().fold([STARTED, *rows, {"event": "ended", "run": "r"}]).runs
        judgement = judge(record)
        return judgement.reason or str(judgement.verdict)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the scripts that the table's cells run."""
    folder = tmp_path_factory.mktemp("scripts")
    for name in ("bad.py", "bad.ipy"):
        (folder / name).write_text("raise RuntimeError('step failed')\n")
    (folder / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    return folder


def cells_of(way: Way, folder: Path) -> list[NotebookNode]:
    """Return the cell of a way, and the cell that undoes it."""
    texts = [way.cell.replace("{folder!r}", repr(str(folder))).replace("{folder}", str(folder))]
    return [v4.new_code_cell(text) for text in [*texts, way.after or "pass"]]


def executed(client: Any, cells: list[NotebookNode]) -> Iterator[NotebookNode]:
    """Yield each cell once it was executed, whether or not it failed."""
    for index, cell in enumerate(cells):
        cell.metadata["papermill"] = {}
        cell.metadata["tags"] = []
        try:
            client.execute_cell(cell, index)
        except CellExecutionError:
            cell.metadata["papermill"]["exception"] = True
        yield cell


@pytest.fixture(scope="module")
def ours(folder: Path, server: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the runner's result for each way, all in one kernel."""
    scratch = str(tmp_path_factory.mktemp("scratch"))
    events = Events()
    cells = [cell for way in WAYS.values() for cell in cells_of(way, folder)]
    for number, cell in enumerate(cells, start=1):
        cell.metadata["securenet"] = {"cell": number}
    spec = Spec("r", "", "", "", scratch, scratch, time.monotonic() + 120, 120.0, 30.0, warm=server)
    client = RunClient(
        NotebookExecutionManager(v4.new_notebook(cells=cells), progress_bar=False), spec, events
    )
    answers = []
    with client.setup_kernel():
        for _ in executed(client, cells):
            answers.append(events.judgement())
    return dict(zip(WAYS, answers[::2], strict=True))


@pytest.fixture(scope="module")
def papermills(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """Return whether papermill passes each way, all in one kernel."""
    out = str(tmp_path_factory.mktemp("papermill") / "out.ipynb")
    cells = [cell for way in WAYS.values() for cell in cells_of(way, folder)]
    manager = NotebookExecutionManager(v4.new_notebook(cells=cells), progress_bar=False)
    client = PapermillNotebookClient(manager, kernel_name="python3")
    answers = []
    with client.setup_kernel(cwd=str(folder)):
        for cell in executed(client, cells):
            answers.append(passes(v4.new_notebook(cells=[cell]), out))
    return dict(zip(WAYS, answers[::2], strict=True))


def passes(notebook: NotebookNode, out: str) -> bool:
    """Return whether papermill raises nothing for an executed notebook."""
    try:
        raise_for_execution_errors(notebook, out)
    except PapermillExecutionError:
        return False
    return True


@pytest.mark.parametrize("name", WAYS)
def test_an_error_that_ipython_swallows_fails_its_cell_by_its_name(
    name: str, ours: dict[str, str], folder: Path
) -> None:
    """The cell fails even if papermill passes it; the table has a reason for each that passes."""
    expected = WAYS[name].reason.replace("{folder}", str(folder)) or "passed"
    assert re.sub(r"\(\d+\.py", "(CELL.py", ours[name]) == expected
    assert WAYS[name].reason or WAYS[name].why


@pytest.mark.stack
@pytest.mark.parametrize("name", WAYS)
def test_the_table_states_the_verdict_of_papermill(name: str, papermills: dict[str, bool]) -> None:
    """The table matches papermill, so that a change in papermill or IPython is noticed."""
    assert papermills[name] == WAYS[name].papermill_passes


LATE = {
    "thread": (
        "import threading\ngo = threading.Event()\n"
        "thread = threading.Thread(target=lambda: (go.wait(), 1 / 0))\n"
        "thread.start()"
    ),
    "task": (
        "import asyncio\nasync def fails(): 1 / 0\nkept = [asyncio.create_task(fails())]\n"
        "await asyncio.sleep(0)"
    ),
}


@pytest.mark.parametrize("name", LATE)
def test_a_failure_after_the_last_cell_fails_the_run(
    name: str, write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """A thread that ends after the cell, and a task that is never awaited, fail the run."""
    end = "import sys\ngo.set()\nthread.join()\nsys.exit()" if name == "thread" else "1"
    (record,) = execute(write_notebook(LATE[name], end), plain=True).runs
    assert record.judged is not None
    assert (record.judged["verdict"], record.judged["cell"]) == ("error", 2)
    assert record.judged["reason"] == "ZeroDivisionError: division by zero"


def test_nothing_runs_after_a_swallowed_error_unless_its_cell_is_tagged(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The tag `raises-exception` lets later cells run, as in papermill's clients."""
    cells = ("_ = get_ipython().run_cell('1 / 0')", "print('went on')")
    (record,) = execute(write_notebook(*cells), plain=True).runs
    assert record.judged is not None
    assert (record.judged["verdict"], list(record.finished)) == ("error", [1])
    tagged = write_notebook(*cells, name="tagged", tags={0: ["raises-exception"]})
    (record,) = execute(tagged, plain=True).runs
    assert record.judged is not None
    assert (record.judged["verdict"], list(record.finished)) == ("passed", [1, 2])


LEFT_BEHIND = {
    "thread": "threads.append(threading.Thread(target=lambda: (go.wait(), 1 / 0)))",
    "task": (
        "async def fails():\n    await gone()\n    1 / 0\n"
        "asyncio.ensure_future(fails())\nawait asyncio.sleep(0)"
    ),
    "task of a task": (
        "async def fails(): 1 / 0\n"
        "async def starts():\n    await gone()\n"
        "    asyncio.create_task(fails())\n    await asyncio.sleep(0)\n"
        "asyncio.create_task(starts())\nawait asyncio.sleep(0)"
    ),
    "task in a thread": (
        "async def fails(): 1 / 0\n"
        "async def main():\n    await gone()\n"
        "    asyncio.create_task(fails())\n    await asyncio.sleep(0)\n"
        "threads.append(threading.Thread(target=lambda: asyncio.run(main())))"
    ),
    "callback": (
        "loop = asyncio.get_running_loop()\n"
        "def fails(): 1 / 0 if go.is_set() else loop.call_later(0.01, fails)\n"
        "loop.call_soon(fails)\nNone"
    ),
    "future": (
        "loop = asyncio.get_running_loop()\n"
        "def fails(future):\n"
        "    if go.is_set(): future.set_exception(ZeroDivisionError('division by zero'))\n"
        "    else: loop.call_later(0.01, fails, future)\n"
        "loop.call_soon(fails, loop.create_future())\nNone"
    ),
}
"""Ways to leave an error behind, which is raised when `go` is set."""

LEAVES = (
    "import asyncio, gc, threading\ngo, threads = threading.Event(), []\n"
    "async def gone():\n    while not go.is_set(): await asyncio.sleep(0.01)\n"
    "{way}\nfor thread in threads: thread.start()\n"
)
WAITS = "go.set()\nawait asyncio.sleep(0.1)\nfor thread in threads: thread.join()\ngc.collect()\n"


@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_a_tagged_cell_allows_its_own_errors_only(
    name: str, write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """An earlier cell's leftover error fails the run; the tagged cell's own does not."""
    leaves = LEAVES.format(way=LEFT_BEHIND[name])
    notebook = write_notebook(leaves, WAITS + "1 / 0", "1", tags={1: ["raises-exception"]})
    (record,) = execute(notebook, plain=True).runs
    assert record.judged is not None
    assert (record.judged["verdict"], record.judged["cell"]) == ("error", 2)
    assert record.judged["reason"] == DIVIDED
    assert list(record.finished) == [1, 2]
    tagged = write_notebook(leaves + WAITS, "1", name="tagged", tags={0: ["raises-exception"]})
    assert str(execute(tagged, plain=True).verdict) == "passed"


@pytest.mark.parametrize("end", ["exit()", "exit(keep_kernel=True)", "quit(True)"])
def test_an_exit_does_not_hide_late_failures(
    end: str, write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """Leftover errors are collected at the end, or with the last reply of a kernel that exits."""
    (record,) = execute(write_notebook(LATE["task"], end), plain=True).runs
    assert record.judged is not None
    assert (record.judged["verdict"], record.judged["reason"]) == ("error", DIVIDED)


@pytest.mark.parametrize(
    "cell",
    [
        "_ = get_ipython().run_cell('import sys; sys.exit(0)')",
        "_ = get_ipython().run_cell('raise SystemExit')",
        "%prun __import__('sys').exit(0)",
        "%%prun\nimport sys; sys.exit()",
    ],
)
def test_a_clean_exit_below_a_cell_does_not_end_the_notebook(
    cell: str, write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """Later cells are executed and judged."""
    (record,) = execute(write_notebook(cell, "1 / 0"), plain=True).runs
    assert record.judged is not None
    assert (record.judged["cell"], record.judged["reason"]) == (2, DIVIDED)


def test_a_swallowed_error_that_means_unreachable_gives_that_verdict(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], tmp_path: Path
) -> None:
    """The error's name decides the verdict, as for an error of the cell itself."""
    script = tmp_path / "gone.py"
    script.write_text(
        "from securenet_obs.errors import UnreachableError\nraise UnreachableError('gone')\n"
    )
    assert str(execute(write_notebook(f"%run {script}")).verdict) == "unreachable"


def test_a_notebook_that_ends_its_kernel_itself_has_ended(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """`exit()` in the last cell is a normal end, not a death of the kernel."""
    assert str(execute(write_notebook("1", "exit()"), plain=True).verdict) == "passed"


def test_the_same_error_is_noted_once_and_a_flood_of_them_is_bounded() -> None:
    """Equal errors are recorded once, at most MAX_FAULTS are kept, and taking them clears them."""
    faults = Faults()
    for number in (1, 1, *range(1000)):
        faults.note(ValueError(number), "cell")
    assert [row["message"] for row in faults.take()][:3] == ["1", "0", "2"]
    for number in range(1000):
        faults.note(ValueError(number), "cell")
    assert len(faults.take()) == MAX_FAULTS
    assert faults.take() == []
