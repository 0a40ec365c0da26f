"""Child process of a run: its journal, its output, its exit status and its end."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.runner.child.spec import UNWRITABLE, Spec
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.notebook.preparation import prepare
from securenet_obs.runner.record import journal
from securenet_obs.runner.record.journal import Journal
from tests.waiting import events_in

CANARY = "hunter2-hunter2"


@pytest.fixture
def start(
    write_notebook: Callable[..., Path], server: str, tmp_path: Path
) -> "Callable[..., subprocess.Popen[bytes]]":
    """Return a function that starts a child on these cells, its kernel warm."""

    def child(*cells: str, output: str = "evidence/r.ipynb") -> "subprocess.Popen[bytes]":
        (tmp_path / "evidence").mkdir()
        document = prepare(read_notebook(write_notebook(*cells), plain=True), {}).document
        (tmp_path / "n.ipynb").write_text(json.dumps(document))
        log = Journal.create(tmp_path / "evidence" / journal.NAME)
        names = ["r", *map(str, (tmp_path / "n.ipynb", tmp_path / output, log.path))]
        places = (str(tmp_path), str(tmp_path), time.monotonic() + 60)
        Spec(*names, *places, 60.0, 30.0, warm=server).write(tmp_path / "spec.json")
        return subprocess.Popen(
            [sys.executable, "-m", "securenet_obs.runner.child.main", tmp_path / "spec.json"],
            env=os.environ | {"X_TOKEN": CANARY},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    return child


def test_journalled_events_are_also_printed(
    start: "Callable[..., subprocess.Popen[bytes]]", tmp_path: Path
) -> None:
    """The child prints one line per event, with its cell; journal and notebook hold no secret."""
    child = start(f"print('{CANARY}')", f"raise ValueError('{CANARY}')")
    assert child.stdout is not None
    printed_lines = child.stdout.read().decode().splitlines()
    assert child.wait(60) == 0
    events = events_in(tmp_path / "evidence" / journal.NAME)
    assert printed_lines == [f"{row['event']} {row.get('cell', '')}" for row in events]
    assert [row["event"] for row in events[-3:]] == ["cell_started", "cell_error", "ended"]
    for name in ("r.ipynb", journal.NAME):
        assert CANARY not in (tmp_path / "evidence" / name).read_text()


def test_evidence_that_cannot_be_written_ends_it_with_a_status_of_its_own(
    start: "Callable[..., subprocess.Popen[bytes]]",
) -> None:
    """The child exits with UNWRITABLE, and the last line on standard error is the reason."""
    child = start("1", output="nowhere/r.ipynb")
    assert child.wait(30) == UNWRITABLE
    assert child.stderr is not None
    assert b"cannot be written" in child.stderr.read().splitlines()[-1]


def test_it_ends_when_its_command_does(
    start: "Callable[..., subprocess.Popen[bytes]]",
) -> None:
    """The child exits when its standard input closes, also in the middle of a cell."""
    child = start("import time; time.sleep(60)")
    assert child.stdin is not None
    assert child.stdout is not None
    while b"cell_started" not in child.stdout.readline():
        pass
    child.stdin.close()
    child.stdin = None
    assert child.wait(30) != 0
    assert b"cell_finished" not in child.stdout.read()
