"""Records of the ledger: written with the message and with the result, or not at all."""

import time
from typing import Any

import pytest
import redis
from celery import Celery
from celery.result import denied_join_result
from redis.exceptions import OutOfMemoryError

from securenet_obs.drills.faults.redis_states import STATES
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import TASKS, create_celery
from securenet_obs.workers.ledger_records import MAX_AGE_S, trim_records
from securenet_obs.workers.names import LEDGER_ENDED_KEY, LEDGER_SENT_KEY


@pytest.fixture
def url(redis_server: Any) -> str:
    """Return the URL of two empty databases, without the number."""
    url: str = redis_server.environment["REDIS_URL"].removesuffix("0")
    for number in (3, 4):
        redis.Redis.from_url(f"{url}{number}").flushdb()
    return url


@pytest.fixture
def sender(url: str) -> Celery:
    """Return an application with its own databases."""
    values = {"redis_url": f"{url}3", "result_url": f"{url}4"}
    return create_celery(Settings.model_validate(values))


def fields(client: redis.Redis, key: str) -> list[dict[bytes, bytes]]:
    records: Any = client.xrange(key)
    return [record for _, record in records]


def test_a_sent_and_an_ended_task_have_a_record_each(url: str, sender: Celery) -> None:
    """The queue's real name is recorded, and a state that is not final is not."""
    task = f"{TASKS}.echo_canary"
    with denied_join_result():
        sent = sender.send_task(task, ["canary"], queue="canary")
    for state in ("STARTED", "RETRY", "FAILURE"):
        sender.backend.store_result(sent.id, None, state)
    record = {"id": sent.id, "task": task, "queue": "canary"}
    broker, results = (redis.Redis.from_url(f"{url}{number}") for number in (3, 4))
    assert fields(broker, LEDGER_SENT_KEY) == [
        {name.encode(): value.encode() for name, value in record.items()}
    ]
    assert fields(results, LEDGER_ENDED_KEY) == [{b"id": sent.id.encode(), b"state": b"FAILURE"}]


def test_a_refused_message_has_no_record(url: str, sender: Celery) -> None:
    """Otherwise a task that its sender knows as refused would be called missing."""
    with redis.Redis.from_url(f"{url}3", decode_responses=True) as admin:
        with STATES["OOM"](admin), pytest.raises(Exception, match="maxmemory") as refused:
            sender.send_task(f"{TASKS}.echo_canary", ["x"], queue="canary", retry=False)
        assert isinstance(refused.value.__cause__ or refused.value, OutOfMemoryError)
        assert admin.llen("canary") == 0
        assert not admin.exists(LEDGER_SENT_KEY)


def test_old_records_are_trimmed(url: str) -> None:
    """Those of the last day stay."""
    broker, results = (redis.Redis.from_url(f"{url}{number}") for number in (3, 4))
    now_ms = int(time.time() * 1e3)
    for client, key in ((broker, LEDGER_SENT_KEY), (results, LEDGER_ENDED_KEY)):
        for age_s in (MAX_AGE_S + 60, MAX_AGE_S - 60):
            client.xadd(key, {"id": str(age_s)}, id=f"{now_ms - age_s * 1000}-0")
    trim_records(broker, results)
    kept = [{b"id": str(MAX_AGE_S - 60).encode()}]
    assert fields(broker, LEDGER_SENT_KEY) == fields(results, LEDGER_ENDED_KEY) == kept
