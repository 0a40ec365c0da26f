"""A worker is suspended while it holds a message; the wait for another one is bounded."""

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import redis

from securenet_obs.drills.faults import suspension
from securenet_obs.drills.faults.suspension import SECOND_WORKER, suspend_worker, wait_for_worker
from securenet_obs.errors import StackError
from securenet_obs.workers.names import HELD_KEY
from tests.waiting import eventually

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


@pytest.fixture
def worker() -> Iterator[psutil.Process]:
    """Yield a process that can be suspended."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield psutil.Process(process.pid)
        process.kill()


@pytest.fixture
def stack(redis_server: Any, worker: psutil.Process) -> Any:
    """Return a stack with this worker and a real broker."""
    parts = {"worker": SimpleNamespace(pid=worker.pid)}
    return SimpleNamespace(parts=parts, environment=redis_server.environment)


def test_a_worker_is_suspended_once_it_holds_a_message(
    stack: Any, worker: psutil.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs until then, and again afterwards; another worker's messages do not count."""
    monkeypatch.setattr(suspension, "HELD_S", 0.0)
    with redis.Redis.from_url(stack.environment["REDIS_URL"], decode_responses=True) as client:
        client.hset(HELD_KEY, "another tag", "another owner")
        late = threading.Timer(0.5, client.hset, (HELD_KEY, "tag", "owner"))
        late.start()
        with suspend_worker((stack, "owner")):
            assert client.hget(HELD_KEY, "tag") == "owner"
            assert eventually(lambda: worker.status() == psutil.STATUS_STOPPED)
        assert eventually(lambda: worker.status() != psutil.STATUS_STOPPED)
        client.delete(HELD_KEY)


def test_a_worker_without_messages_is_an_error(
    stack: Any, worker: psutil.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The drill would show nothing; the worker runs on."""
    monkeypatch.setattr(suspension, "_START_S", 0.2)
    with pytest.raises(StackError, match="held no message"), suspend_worker((stack, "owner")):
        pytest.fail("it was suspended")
    assert eventually(lambda: worker.status() != psutil.STATUS_STOPPED)
