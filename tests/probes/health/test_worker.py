"""A worker's probe: of several workers exactly the one that executes nothing is not healthy."""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from securenet_obs.errors import UnreachableError
from securenet_obs.probes.health import worker as probed
from securenet_obs.probes.health.worker import probe_worker
from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.settings import Settings
from tests.stores import create_sqlite
from tests.waiting import eventually
from tests.workers.conftest import running

HOST = socket.gethostname()
NAMES = ("stopped", "busy", "idle")
CELERY = [sys.executable, "-m", "celery", "-A", "securenet_obs.workers.celery_app", "worker"]
# The direct queue alone, since a task of another queue would be taken by any worker.
OPTIONS = ["--concurrency", "1", "--without-gossip", "--without-mingle", "-I", "faulty_tasks"]


def name_of(worker: str) -> str:
    return f"{worker}@{HOST}"


@pytest.fixture(scope="module")
def settings(redis_server: Any) -> Settings:
    """Return the settings of three workers on databases of their own."""
    url = redis_server.environment["REDIS_URL"].removesuffix("/0")
    for number in (8, 9):
        redis.Redis.from_url(f"{url}/{number}").flushdb()
    return Settings.model_validate({"redis_url": f"{url}/8", "result_url": f"{url}/9"})


@pytest.fixture(scope="module")
def pids(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """Run three workers; yield the ids of their main processes."""
    folder = tmp_path_factory.mktemp("workers")
    environment = {
        **os.environ,
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "RESULT_URL": settings.results.get_secret_value(),
        "DATABASE_URL": create_sqlite(folder / "store.sqlite3"),
        "PYTHONPATH": str(Path(__file__).parents[2] / "workers"),
        "SENTRY_DSN": "",
        "WORKER_STOP_S": "1",
    }
    with ExitStack() as workers:
        processes = {
            name: workers.enter_context(
                running(
                    [*CELERY, *OPTIONS, "-n", name_of(name)], environment, folder / f"{name}.log"
                )
            )
            for name in NAMES
        }
        for name in NAMES:
            assert eventually(lambda name=name: healthy(settings, name), 60)
        yield {name: process.pid for name, process in processes.items()}


@pytest.fixture
def send(settings: Settings) -> Iterator[Any]:
    """Yield a function that sends a faulty task to the direct queue of one worker."""
    with Celery(broker=settings.redis_url.get_secret_value(), set_as_current=False) as app:
        yield lambda worker, task, *arguments: app.send_task(
            f"tested.{task}", arguments, queue=probed.build_direct_queue(name_of(worker))
        )


def healthy(settings: Settings, worker: str, deadline_s: float = 5.0) -> bool:
    return probe_worker(settings, name_of(worker), deadline_s).is_healthy


@pytest.mark.slow
def test_exactly_the_suspended_worker_is_not_healthy(
    settings: Settings, pids: dict[str, int], send: Any
) -> None:
    """One of three is stopped in the middle of its loop, one is busy: only the first is red."""
    send("busy", "sleeps", 30)
    os.kill(pids["stopped"], signal.SIGSTOP)
    try:
        # A probe of a healthy worker ends with its answer, on a busy machine seconds later.
        deadlines = dict.fromkeys(NAMES, 60.0) | {"stopped": 3.0}
        found = {
            worker: probe_worker(settings, name_of(worker), deadline_s)
            for worker, deadline_s in deadlines.items()
        }
    finally:
        os.kill(pids["stopped"], signal.SIGCONT)
    assert {worker: health.is_healthy for worker, health in found.items()} == {
        "stopped": False,
        "busy": True,
        "idle": True,
    }
    assert "no ping answered" in found["stopped"].observed
    assert "busy: 1 of 1 processes" in found["busy"].observed
    assert "canary was executed" in found["idle"].observed


@pytest.mark.slow
def test_a_worker_that_answers_pings_and_consumes_nothing_is_not_healthy(
    settings: Settings, pids: dict[str, int], send: Any
) -> None:
    """The state of kombu#2492: the event loop has lost the poll of the queues, and only that."""
    assert eventually(lambda: healthy(settings, "stopped"), 60)
    with Celery(broker=settings.redis_url.get_secret_value(), set_as_current=False) as app:
        (answer,) = app.control.broadcast(
            "lose_poll", destination=[name_of("stopped")], reply=True, timeout=60
        )
        assert answer == {name_of("stopped"): {"ok": "lost"}}
        healthy(settings, "stopped")  # takes what Redis delivers to the last poll
        # A worker that is held for the second of a probe answers its pings during the next one.
        found = poll_until(
            lambda: probe_worker(settings, name_of("stopped"), 1.0),
            lambda health: health.is_healthy or "answers pings" in health.observed,
            deadline_s=60,
        )
        assert app.control.ping([name_of("stopped")], timeout=60)
    assert not found.is_healthy
    assert "although the worker answers pings" in found.observed
    assert healthy(settings, "idle", 60.0)


def test_a_canary_that_nothing_consumes_is_withdrawn(settings: Settings) -> None:
    """The queue of an unknown worker is empty afterwards; the nearest name is suggested."""
    found = probe_worker(settings, f"idel@{HOST}", 0.2)
    assert not found.is_healthy
    assert "no ping answered" in found.observed
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        assert not client.exists(f"direct.idel@{HOST}")
        assert not list(client.scan_iter("_kombu.binding.*direct*"))
        assert b"direct." not in b"".join(client.smembers("_kombu.binding.default"))


def test_a_queue_of_a_worker_that_is_gone_expires(settings: Settings) -> None:
    """A probe that is killed leaves its canary for a bounded time."""
    probed._send(settings, "gone@host", "0000", 3.0)
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        assert 3 < client.ttl("direct.gone@host") <= 63
        (message,) = client.lrange("direct.gone@host", 0, -1)
        assert json.loads(message)["headers"]["expires"]
        client.delete("direct.gone@host")


@pytest.mark.parametrize(
    ("running_s", "processes", "limit_s", "task", "is_busy"),
    [
        (5, 1, 600, "another", True),
        (700, 1, 600, "another", False),
        (700, 1, 0, "another", True),
        (5, 2, 600, "another", False),
        (5, 1, 600, "canary", False),
    ],
)
def test_a_task_beyond_its_limit_is_no_excuse(
    running_s: float,
    processes: int,
    limit_s: float,
    task: str,
    is_busy: bool,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    """A worker is busy if all its processes execute tasks that its own time limits allow.

    The canary is no such task: a worker that executes it slowly is not busy.
    """
    pool = {"processes": list(range(processes)), "timeouts": [0, limit_s]}
    started = probed.time.time() - running_s
    answers = [{"name": {"pool": pool}}, {"name": [{"id": task, "time_start": started}]}]
    monkeypatch.setattr(probed, "query_workers", lambda *_: answers)
    assert bool(probed._describe_busy(settings, "name", "canary", 1.0)) == is_busy


def test_an_unreachable_redis_is_no_verdict_on_the_worker() -> None:
    """The worker is not blamed for a Redis that does not answer."""
    url = f"redis://127.0.0.1:{find_free_ports(1)[0]}/0"
    with pytest.raises(UnreachableError):
        probe_worker(Settings.model_validate({"redis_url": url}), "any@host", 1.0)
