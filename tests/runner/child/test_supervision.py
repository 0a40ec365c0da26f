"""Supervision of a run's child: progress, variables, and one journaled end, however it ends."""

import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from securenet_obs.processes.descendants import MARK
from securenet_obs.runner.child import spawn, supervision
from securenet_obs.runner.child.supervision import Supervisor
from securenet_obs.runner.evidence.folder import EvidenceFolder
from securenet_obs.runner.evidence.masking import Masker
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.notebook.preparation import prepare
from securenet_obs.runner.record.journal import NAME
from securenet_obs.runner.record.order import Order
from securenet_obs.runner.stop import Stop
from securenet_obs.runner.target import target_of
from tests.busy import stretch
from tests.runner.conftest import RecordedProgress
from tests.waiting import events_in, eventually

SLEEPING = "import time; time.sleep(90)"


@dataclass
class Supervision:
    """A supervised run: its evidence folder, and its journaled events."""

    folder: EvidenceFolder
    stop: Stop

    def events(self) -> list[dict[str, Any]]:
        """Return the events of the journal so far."""
        return events_in(self.folder.path / NAME)

    def reasons(self, event: str) -> list[str]:
        """Return the reasons, or the fates, of the events with this name."""
        rows = (row for row in self.events() if row["event"] == event)
        return [row.get("reason") or row["fate"] for row in rows]

    def is_in_cell(self, cell: int) -> bool:
        """Return whether this cell has started."""
        return any(row["event"] == "cell_started" and row["cell"] == cell for row in self.events())

    def processes(self) -> list[psutil.Process]:
        """Return the live processes of the run, by the mark in their environment."""
        return [process for process in psutil.process_iter() if self._owns(process)]

    def _owns(self, process: psutil.Process) -> bool:
        try:
            mark = process.environ().get(MARK)
            is_live = process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False
        return is_live and mark == f"{self.folder.path.name}/r"


@pytest.fixture
def supervision_of_run(tmp_path: Path) -> Supervision:
    """Return the supervision of a run that was not executed yet."""
    return Supervision(EvidenceFolder.create(tmp_path / "evidence", Masker()), Stop())


@pytest.fixture
def execute_cells(
    write_notebook: Callable[..., Path],
    listener: RecordedProgress,
    supervision_of_run: Supervision,
    server: str,
) -> Callable[..., None]:
    """Return a function that executes cells as the run `r`, warm by default."""

    def execute(
        *cells: str,
        deadline_s: float = 60.0,
        environment: Mapping[str, str] | None = None,
        warm: str = server,
    ) -> None:
        notebook = read_notebook(write_notebook(*cells), plain=True)
        order = Order(notebook, prepare(notebook, {}), (), deadline_s, 50.0)
        folder = supervision_of_run.folder
        folder.note(
            "run_started", run="r", notebook="n", path="n.ipynb", title="T", kind="plain",
            attempt=1, cells=len(cells), declared=[], parameters={},
        )  # fmt: skip
        target = target_of("a test", environment or {})
        Supervisor(folder, target, listener, supervision_of_run.stop, warm).execute("r", order)

    return execute


def test_progress_and_variables_of_a_run(
    execute_cells: Callable[..., None],
    listener: RecordedProgress,
    supervision_of_run: Supervision,
) -> None:
    """Each started cell is reported; the notebook sees the target, its evidence and its file."""
    names = (supervision.EVIDENCE, supervision.NOTEBOOK, "API_URL", MARK)
    cell = f"import os\nprint([os.environ[name] for name in {names}])\n"
    # The addresses of notifications are for the command alone.
    cell += "assert 'NOTIFY_URLS' not in os.environ"
    variables = {"API_URL": "http://api.example", "NOTIFY_URLS": "json://hook.example"}
    execute_cells(cell, "1", environment=variables)
    assert listener.lines == [("cell", "r", 1), ("cell", "r", 2)]
    folder = supervision_of_run.folder.path
    text = (folder / "r.ipynb").read_text()
    for value in (str(folder), "a_claim.ipynb", "http://api.example", f"{folder.name}/r"):
        assert value in text
    assert supervision_of_run.reasons("child_exited") == ["exit status 0"]


def test_scratch_folder_is_removed(
    execute_cells: Callable[..., None], supervision_of_run: Supervision
) -> None:
    """The working folder of the kernel ends with the run."""
    execute_cells("import os\nprint('WORK', os.getcwd(), 'END')")
    text = (supervision_of_run.folder.path / "r.ipynb").read_text()
    work = Path(text.split("WORK ")[1].split(" END")[0])
    assert work.name == supervision.WORK
    assert not work.parent.exists()


def test_a_stop_is_journaled_as_interrupted(
    execute_cells: Callable[..., None], supervision_of_run: Supervision
) -> None:
    """The child is terminated in its cell, and its processes have ended."""

    def stop_in_cell() -> None:
        eventually(lambda: supervision_of_run.is_in_cell(1), 30)
        supervision_of_run.stop.set()

    stopper = threading.Thread(target=stop_in_cell)
    stopper.start()
    execute_cells(SLEEPING)
    stopper.join()
    assert supervision_of_run.reasons("interrupted")[0] == "stopped by Ctrl-C or SIGTERM"
    assert supervision_of_run.processes() == []


def test_a_stop_for_another_reason_is_journaled_with_it(
    execute_cells: Callable[..., None], supervision_of_run: Supervision
) -> None:
    """Nobody has pressed Ctrl-C where a lease was lost."""
    supervision_of_run.stop.because("its lease was lost")
    execute_cells(SLEEPING)
    assert supervision_of_run.reasons("interrupted")[0] == "its lease was lost"


@pytest.mark.slow
def test_a_child_past_its_grace_period_is_a_timeout(
    execute_cells: Callable[..., None],
    supervision_of_run: Supervision,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A child that has stopped by itself cannot end at its deadline: it is killed."""
    monkeypatch.setattr(supervision, "GRACE_PERIOD_S", 0.5)
    monkeypatch.setattr(spawn, "TERMINATION_TIMEOUT_S", 1.0)
    stop_child = f"import os\nos.kill(os.getppid(), {int(signal.SIGSTOP)})\n{SLEEPING}"
    execute_cells(stop_child, deadline_s=stretch(6.0), warm="")
    (reason,) = supervision_of_run.reasons("timeout")
    assert reason == "the run did not end at its deadline and was killed"
    assert len(supervision_of_run.reasons("child_exited")) == 1


def test_a_killed_child_is_journaled_with_its_signal(
    execute_cells: Callable[..., None], supervision_of_run: Supervision
) -> None:
    """The processes that it leaves, detached ones included, are killed."""

    def kill_child() -> None:
        eventually(lambda: supervision_of_run.is_in_cell(2), 30)
        for process in supervision_of_run.processes():
            with suppress(psutil.Error):
                if "securenet_obs.runner.child.main" in process.cmdline():
                    process.kill()

    killer = threading.Thread(target=kill_child)
    killer.start()
    detached = "import subprocess\nsubprocess.Popen(['sleep', '90'], start_new_session=True)"
    execute_cells(detached, SLEEPING, warm="")
    killer.join()
    assert supervision_of_run.reasons("interrupted") == ["the run was killed by SIGKILL"]
    # Its kernel may still write that its parent is gone.
    (exited,) = supervision_of_run.reasons("child_exited")
    assert exited.partition(":")[0] == f"exit status -{int(signal.SIGKILL)}"
    assert supervision_of_run.processes() == []


def test_an_absent_warm_server_is_the_reason(
    execute_cells: Callable[..., None], supervision_of_run: Supervision, tmp_path: Path
) -> None:
    """No child is started, and the journal has the error."""
    execute_cells("1", warm=str(tmp_path / "absent"))
    (fate,) = supervision_of_run.reasons("child_exited")
    assert "does not answer" in fate
