"""A worker outlives every state of Redis: it waits quietly, and delivers its messages again."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from kombu.exceptions import OperationalError

from securenet_obs.drills.faults.redis_states import STATES
from securenet_obs.errors import StackError
from securenet_obs.processes.guard import Guard
from securenet_obs.processes.polling import Deadline
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.stack.part import Part
from securenet_obs.stack.parts.broker import RedisAccess, create_redis_part
from securenet_obs.store.migration import migrate
from securenet_obs.workers.names import HELD_KEY, UNACKED_INDEX_KEY, UNACKED_KEY
from tests.conftest import missing
from tests.waiting import eventually
from tests.workers.conftest import CELERY, Sent, running, send

pytestmark = pytest.mark.stack

STATE_S = 3.0
"""Seconds for which a state lasts at least: several attempts to connect."""

DUE_S = 5.0
"""Seconds after which held tasks are due: a busy machine's worker has taken them by then."""

QUEUED_BYTES = 2_000_000
"""Memory that queued messages may fill: more than the connections of another worker need."""

PADDING = {"padding": "x" * 40_000}
"""Headers of a large message."""

USUAL = "READONLY"
"""The state of each failover, and the only one in `make test`."""

HELD = 12
"""Tasks that the worker holds until their time comes."""


@dataclass(frozen=True)
class Waiting:
    """A worker that waits for a Redis of its own."""

    redis: Part
    environment: Mapping[str, str]
    log: Path
    process: "subprocess.Popen[bytes]"
    celery: Celery

    def lines(self) -> list[dict[str, Any]]:
        """Return the worker's log lines; each must be JSON."""
        ended, _, _ = self.log.read_bytes().rpartition(b"\n")
        return [json.loads(line) for line in ended.splitlines()]

    def send(self, name: str, **options: Any) -> Sent:
        """Send a canary."""
        return send(self.celery, "echo_canary", name, queue="canary", **options)

    def client(self) -> redis.Redis:
        """Return a client with one connection, which every state leaves open."""
        url = self.environment["REDIS_URL"]
        return redis.Redis.from_url(url, decode_responses=True, single_connection_client=True)


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Waiting]:
    """Yield a worker on a Redis of its own, which survives each of these tests."""
    tmp_path = tmp_path_factory.mktemp("waiting")
    with Guard() as guard:
        try:
            access = RedisAccess(find_free_ports(1)[0])
            part = create_redis_part(tmp_path / "redis", access, guard)
        except StackError as error:
            missing(error)
        store = f"sqlite:///{tmp_path}/store.sqlite3"
        migrate(store)
        variables = {**os.environ, **access.environment, "DATABASE_URL": store}
        command = [*CELERY, "worker", "-Q", "canary", "-n", "waiting@%h", "--concurrency", "2"]
        celery = Celery(broker=access.environment["REDIS_URL"])
        celery.conf.result_backend = access.environment["RESULT_URL"]
        with part, running(command, variables, tmp_path / "worker.log") as process:
            waiting = Waiting(part, variables, tmp_path / "worker.log", process, celery)
            waiting.send("ready").get(timeout=120)
            yield waiting


def _count(client: redis.Redis, *keys: str) -> list[int]:
    return [client.hlen(key) if key != UNACKED_INDEX_KEY else client.zcard(key) for key in keys]


@pytest.mark.parametrize(
    "state",
    [each if each == USUAL else pytest.param(each, marks=pytest.mark.slow) for each in STATES],
)
def test_worker_waits_for_a_state_that_passes(waiting: Waiting, state: str) -> None:
    """It does not exit, logs one line, and then executes what it held and what was sent."""
    before = len(waiting.lines())
    due = Deadline.after(DUE_S)
    held = [waiting.send(f"held-{number}", countdown=DUE_S) for number in range(HELD)]
    with waiting.client() as client:
        assert eventually(lambda: client.hlen(UNACKED_KEY) == HELD)
        with STATES[state](client):
            time.sleep(max(STATE_S, due.left_s + 0.5))
            assert waiting.process.poll() is None, waiting.log.read_text()[-3000:]
        waiting.send("afterwards").get(timeout=60)
        for one in held:
            one.get(timeout=60)
        assert eventually(
            lambda: _count(client, UNACKED_KEY, HELD_KEY, UNACKED_INDEX_KEY) == [0, 0, 0], 60
        )
    lines = waiting.lines()[before:]
    logged = [line["event"] for line in lines]
    assert logged.count("broker_unavailable") <= 1, waiting.log.read_text()[-6000:]
    levels = {line["level"] for line in lines}
    assert levels <= {"debug", "info", "warning"}, waiting.log.read_text()[-6000:]


def _fill_with_messages(waiting: Waiting, client: redis.Redis, queue: str) -> int:
    """Send canaries until Redis's memory is full of them; return their number."""
    memory: Any = client.info("memory")
    client.config_set("maxmemory", memory["used_memory"] + QUEUED_BYTES)
    for number in count():
        try:
            options = {"ignore_result": True, "headers": PADDING}
            send(waiting.celery, "echo_canary", f"{number}", queue=queue, **options)
        except OperationalError:
            return number
    raise AssertionError


@pytest.mark.slow
def test_workers_empty_the_queue_that_fills_the_memory(waiting: Waiting) -> None:
    """A worker that is started then takes the messages, and Redis accepts new ones."""
    with waiting.client() as client:
        memory = client.config_get("maxmemory")
        sent = _fill_with_messages(waiting, client, "scans")
        assert sent > HELD
        log = waiting.log.with_name("scans.log")
        command = [*CELERY, "worker", "-Q", "scans", "-n", "another@%h", "--concurrency", "1"]
        with running(command, waiting.environment, log):
            assert eventually(lambda: client.llen("scans") == 0, 60), log.read_text()[-3000:]
            assert eventually(lambda: client.hlen(UNACKED_KEY) == 0, 60), log.read_text()[-3000:]
            waiting.send("afterwards").get(timeout=60)
        client.config_set("maxmemory", memory["maxmemory"])


@pytest.mark.slow
@pytest.mark.parametrize("state", ["READONLY", "WRONGPASS"])
def test_worker_starts_and_stops_while_a_state_lasts(waiting: Waiting, state: str) -> None:
    """A start waits for the end of the state, and a stop does not."""
    with waiting.client() as client, STATES[state](client):
        log = waiting.log.with_name(f"another-{state}.log")
        command = [*CELERY, "worker", "-Q", "canary", "-n", "another@%h", "--concurrency", "1"]
        with running(command, waiting.environment, log) as another:
            assert eventually(lambda: b"broker_unavailable" in log.read_bytes(), 60)
            time.sleep(2)
            assert another.poll() is None
            another.terminate()
            assert another.wait(60) == 0, log.read_text()[-3000:]
