"""SIGKILL at every cell of a ten-cell notebook: each of 30 runs has the right verdict and cell."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import psutil
import pytest

from securenet_obs.runner.evidence.closing import close_orphans
from securenet_obs.runner.kernel.forked import SOCKET
from securenet_obs.runner.record.runs import CommandRecord
from tests.waiting import events_in, journal_at_cell

VICTIMS = {"child": "interrupted", "kernel": "kernel_died", "parent": "interrupted"}

ALL = os.environ.get("KILL_MATRIX") == "all"
"""Whether cold runs are killed at every cell, too: that takes minutes."""

NAMES = {"opened": "parent", "child_started": "child", "kernel_started": "kernel"}


@pytest.mark.parametrize(
    "cold", [pytest.param(False, id="warm", marks=pytest.mark.slow), pytest.param(True, id="cold")]
)
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_kill_at_any_cell_is_recorded_as_a_kill(
    victim: str,
    cold: bool,
    write_notebook: Callable[..., Path],
    execute: Callable[..., Any],
    server: str,
    tmp_path: Path,
) -> None:
    """The journal has the cell of the kill, whichever process it hits, and no process survives."""
    cells = range(1, 11) if ALL or not cold else (1, 10)
    cell = "import os, time\nif os.environ['STOP_AT'] == '{}': time.sleep(60)"
    path = write_notebook(*(cell.format(number) for number in range(1, 11)), foreign=True)

    def kill_at(number: int) -> tuple[str, int]:
        evidence = tmp_path / f"{victim}-{number}"
        with ThreadPoolExecutor(1) as pool:
            run = _command if victim == "parent" else execute
            running = pool.submit(
                run,
                path,
                plain=True,
                cold=cold,
                environment={"STOP_AT": str(number), SOCKET: server},
                evidence=evidence,
            )
            log = journal_at_cell(evidence, number)
            pids = {NAMES[row["event"]]: row["pid"] for row in events_in(log) if "pid" in row}
            psutil.Process(pids[victim]).kill()
            running.result(timeout=60)
        return _read_verdict(log, pids, orphaned=victim == "parent")

    with ThreadPoolExecutor(2) as pool:
        verdicts = list(pool.map(kill_at, cells))
    assert verdicts == list(product([VICTIMS[victim]], cells))


def _command(
    path: Path, *, environment: dict[str, str], evidence: Path, cold: bool, plain: bool
) -> None:
    """Run the notebook by a command of its own, which can be killed."""
    assert plain
    command = [sys.executable, "-m", "securenet_obs", "run", path, "--plain"]
    command += ["--cold"] if cold else []
    subprocess.run(
        [*command, "--evidence", evidence], env=os.environ | environment, capture_output=True
    )


def _read_verdict(log: Path, pids: dict[str, int], *, orphaned: bool) -> tuple[str, int]:
    """Return the verdict and its cell; an orphan's are read after the next command closed it."""
    assert len(close_orphans(log.parent.parent)) == orphaned
    survivors = [psutil.Process(pids[name]) for name in VICTIMS if psutil.pid_exists(pids[name])]
    survivors = [process for process in survivors if process.pid != os.getpid()]
    assert psutil.wait_procs(survivors, timeout=120)[1] == []
    (record,) = CommandRecord().fold(events_in(log)).runs
    assert record.judged is not None
    assert (log.parent / "run.json").exists()
    return record.judged["verdict"], record.judged["cell"]
