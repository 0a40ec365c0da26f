"""The wait for another worker of a stack: by its log, and bounded."""

import json
from pathlib import Path

import pytest

from securenet_obs.drills.faults import suspension
from securenet_obs.drills.faults.suspension import SECOND_WORKER, wait_for_worker
from securenet_obs.errors import StackError

READY = json.dumps({"event": f"{SECOND_WORKER} ready."}) + "\n"


def test_a_worker_that_has_logged_that_it_is_ready_is_found(tmp_path: Path) -> None:
    """Only lines after the offset count, and only those of the worker."""
    log = tmp_path / "worker.log"
    log.write_text(READY)
    wait_for_worker(log, 0, SECOND_WORKER)


def test_a_worker_that_does_not_start_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier line does not count; the error has the log."""
    monkeypatch.setattr(suspension, "_START_S", 0.2)
    log = tmp_path / "worker.log"
    log.write_text(READY)
    with pytest.raises(StackError, match=f"{SECOND_WORKER} was not ready .*{log.name}"):
        wait_for_worker(log, len(READY), SECOND_WORKER)
