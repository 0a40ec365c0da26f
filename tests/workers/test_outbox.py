"""Accepted batches are neither lost nor counted twice."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
import sentry_sdk
from celery import Task
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from securenet_obs.api.strict_json import parse
from securenet_obs.detection.network.batch import OVERFLOW, Batch, normalise_batch
from securenet_obs.detection.network.counting.analysis import analyse
from securenet_obs.detection.network.stored.quarantine import list_quarantined
from securenet_obs.errors import DeadLetterError, PublishError, StrictJsonError
from securenet_obs.monitoring import init_sentry
from securenet_obs.monitoring.correlation import bind_ids, clear_ids
from securenet_obs.settings import Settings
from securenet_obs.store import NetworkMinute, Submission, session_scope
from securenet_obs.workers import outbox
from securenet_obs.workers.celery_app import create_celery
from securenet_obs.workers.connections import shorten_timeouts
from tests.api.test_strict_json import VALUES
from tests.busy import room_for
from tests.detection.network.test_records import CLOUDTRAIL, SECURITY_5156, SYSMON_3, VPC_FLOW
from tests.searching import examples
from tests.stores import lock_submissions

RECORD = {"timestamp": "2026-01-01T00:00:05Z", "src_ip": "10.0.0.1", "dest_ip": "10.0.0.2"}
NAME = "securenet_obs.workers.tasks.process_network_logs"
QUEUE = "logs"


@pytest.fixture(autouse=True)
def own_store(empty_store: str) -> Any:
    """Use an empty store, within a request."""
    bind_ids(request_id="req-of-the-test")
    yield
    clear_ids()


def nothing(log_batch: Any) -> None:
    """Do nothing: a task that is not executed."""


def task_of(url: str, *, waits: bool = False) -> Task:
    """Return the task of a process with Redis at a URL; that of a request does not wait for it."""
    app = create_celery(Settings(redis_url=f"{url}/4", result_url=f"{url}/5"))
    if not waits:
        shorten_timeouts(app)
    return app.task(name=NAME, shared=False)(nothing)


@pytest.fixture
def broker(redis_server: Any) -> Iterator[redis.Redis]:
    """Yield an empty database of the session's Redis, without a consumer."""
    url = redis_server.environment["REDIS_URL"].removesuffix("/0")
    with redis.Redis.from_url(f"{url}/4") as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def task(redis_server: Any, broker: redis.Redis) -> Task:
    """Return the task with a broker that works, on a busy machine more than half a second later."""
    return task_of(redis_server.environment["REDIS_URL"].removesuffix("/0"), waits=True)


@pytest.fixture
def unavailable() -> Task:
    """Return the task with an unavailable broker."""
    return task_of("redis://127.0.0.1:1")


def evaluated(tenant_id: str, records: list[Any]) -> tuple[Batch, dict[str, Any]]:
    """Return an empty batch and an empty result."""
    return normalise_batch(records), {"tenant_id": tenant_id, "records": len(records)}


def counted() -> int:
    """Return the number of records in all tenants' minutes."""
    with session_scope() as session:
        return session.scalar(select(func.sum(NetworkMinute.records))) or 0


def rows() -> list[Submission]:
    """Return every submission."""
    with session_scope() as session:
        return list(session.scalars(select(Submission)))


def make_due() -> None:
    """Set every submission as due for the next publication."""
    with session_scope() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(Submission).values(due_at=past))


def test_a_batch_is_sent_as_a_reference(task: Task, broker: redis.Redis) -> None:
    """The message refers to the records in the store, and does not contain them."""
    task_id = outbox.submit(task, "acme", [RECORD] * 3)
    (message,) = [json.loads(text) for text in broker.lrange(QUEUE, 0, -1)]
    assert message["headers"]["id"] == task_id
    assert message["headers"]["securenet_request_id"] == "req-of-the-test"
    assert len(json.dumps(message)) < 2_500
    assert [row.records for row in rows()] == [[RECORD] * 3]


@examples(60, hostile=True)
@given(records=st.lists(VALUES, max_size=3))
def test_every_accepted_body_is_stored_and_processed(task: Task, records: list[Any]) -> None:
    """The store returns exactly the values that the API has parsed, and they are evaluated."""
    try:
        parsed = parse(json.dumps(records).encode())
    except StrictJsonError:
        return
    task_id = outbox.submit(task, "acme", parsed)
    with session_scope() as session:
        assert session.get_one(Submission, task_id).records == parsed
    assert outbox.process(task_id, evaluated)["counted"] in {True, False}


def test_a_redelivered_batch_is_counted_once(task: Task) -> None:
    """A second delivery returns the result of the first; the originals are kept."""
    task_id = outbox.submit(task, "acme", [RECORD] * 3)
    results = [outbox.process(task_id, evaluated) for _ in range(3)]
    assert [result.pop("counted") for result in results] == [True, False, False]
    assert results == [{"tenant_id": "acme", "records": 3}] * 3
    assert counted() == 3
    assert [row.records for row in rows()] == [[RECORD] * 3]


def test_concurrent_deliveries_count_once(task: Task) -> None:
    """The second delivery waits for the first to commit."""
    task_id = outbox.submit(task, "acme", [RECORD] * 3)
    together, outcomes = threading.Barrier(4), []

    def evaluate(tenant_id: str, records: list[Any]) -> Any:
        together.wait(60)
        return evaluated(tenant_id, records)

    def deliver() -> None:
        outcomes.append(outbox.process(task_id, evaluate)["counted"])

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False, False, False, True]
    assert counted() == 3


def test_a_failed_count_leaves_the_batch_unfinished(task: Task) -> None:
    """Count and end are one transaction, so the next delivery counts the batch."""
    task_id = outbox.submit(task, "acme", [RECORD])

    def evaluate(tenant_id: str, records: list[Any]) -> Any:
        batch, result = evaluated(tenant_id, records)
        batch.accepted[0][1].fields["network.bytes"] = "no number"
        batch._minutes = None
        return batch, result

    with pytest.raises(TypeError):
        outbox.process(task_id, evaluate)
    assert counted() == 0
    assert outbox.process(task_id, evaluated)["counted"] is True
    assert counted() == 1


def test_the_result_has_the_records_that_overflow_their_minute(task: Task) -> None:
    """Records that the minute in the store cannot take are rejected in the stored result too."""
    huge = RECORD | dict.fromkeys(("bytes_sent", "bytes_received"), 2**53 - 1)
    for number in range(2):
        task_id = outbox.submit(task, "acme", [*[huge] * 300, RECORD | {"number": number}])
        results = [outbox.process(task_id, evaluated) for _ in range(2)]
    assert [result["counted"] for result in results] == [True, False]
    assert {result["rejected"][OVERFLOW] for result in results} == {88}
    assert {result["accepted"] for result in results} == {213}
    assert counted() == 301 + 213


def test_a_content_is_counted_once(task: Task) -> None:
    """Two batches with the same items are one for their tenant, and two for two tenants."""
    tenants = ("acme", "acme", "globex")
    ids = [outbox.submit(task, tenant, [RECORD] * 3) for tenant in tenants]
    assert [outbox.process(id_, evaluated)["counted"] for id_ in ids] == [True, False, True]
    assert counted() == 6


@pytest.mark.parametrize("record", [CLOUDTRAIL, SECURITY_5156, SYSMON_3, VPC_FLOW])
def test_a_batch_has_the_minutes_of_a_file(
    task: Task, tmp_path: Path, record: dict[str, Any]
) -> None:
    """Records of every format are counted alike, whether they came by the API or in a file."""
    path = tmp_path / "log"
    path.write_text(json.dumps({"Records": [record, record]}))
    ((moment, expected),) = analyse(path, by_minute=True).minutes.items()
    task_id = outbox.submit(task, "acme", [record, record])
    outbox.process(task_id, evaluated)
    with session_scope() as session:
        (minute,) = session.scalars(select(NetworkMinute))
    assert minute.minute == moment
    assert {name: getattr(minute, name) for name in expected.counts()} == expected.counts()
    assert minute.peers == expected.peers.estimate


def test_rejected_records_are_in_quarantine(task: Task) -> None:
    """They are stored with the count, once."""
    task_id = outbox.submit(task, "acme", [RECORD, "text"])
    for _ in range(2):
        outbox.process(task_id, evaluated)
    with session_scope() as session:
        (row,) = list_quarantined(session, "acme", 10)
    assert (row["name"], row["line"], row["reason"]) == (task_id, 1, "not an object")


def test_a_batch_refused_by_the_broker_is_withdrawn(unavailable: Task) -> None:
    """The caller gets an error, and a message that was sent all the same is not counted."""
    with pytest.raises(PublishError):
        outbox.submit(unavailable, "acme", [RECORD])
    assert rows() == []
    assert outbox.process("of-the-withdrawn-one", evaluated)["counted"] is False
    assert counted() == 0


def test_a_finished_batch_is_not_withdrawn(
    unavailable: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a worker has counted the batch before the broker's error, the call succeeds."""

    def publish_after_success(task: Task, *arguments: Any, task_id: str) -> str:
        outbox.process(task_id, evaluated)
        raise PublishError("timed out")

    monkeypatch.setattr(outbox, "publish", publish_after_success)
    outbox.submit(unavailable, "acme", [RECORD])
    assert counted() == 1


def test_an_unresponsive_broker_is_an_error_in_time() -> None:
    """The error is raised within two seconds, and the batch is withdrawn."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(20)
        task = task_of(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(PublishError):
            outbox.submit(task, "acme", [RECORD])
        assert time.monotonic() - began < room_for(2)
    assert rows() == []


@pytest.mark.parametrize("patient_requests", [None])  # It is as impatient as in the API.
def test_a_busy_store_is_an_error_in_time(task: Task, broker: redis.Redis) -> None:
    """A batch that was not stored is not published."""
    outbox.submit(task, "acme", [RECORD])
    with session_scope() as session:
        lock_submissions(session)
        began = time.monotonic()
        with pytest.raises(PublishError, match="store"):
            outbox.submit(task, "acme", [RECORD])
        assert time.monotonic() - began < room_for(0.9)
    assert broker.llen(QUEUE) == 1


def test_a_lost_message_is_published_again(task: Task, broker: redis.Redis) -> None:
    """The same task is sent in its request and for its tenant, at growing intervals."""
    task_id = outbox.submit(task, "acme", [RECORD])
    broker.flushdb()
    assert outbox.republish(task) == 0
    bind_ids(request_id="req-of-the-outbox")
    for publications in (2, 3):
        make_due()
        assert outbox.republish(task) == 1
        (row,) = rows()
        wait_s = (row.due_at - datetime.now(UTC)).total_seconds()
        assert row.publications == publications
        assert wait_s == pytest.approx(30 * 2 ** (publications - 1), abs=5)
    message = json.loads(broker.lindex(QUEUE, 0))
    headers = message["headers"]
    assert headers["id"] == task_id
    assert headers["securenet_request_id"] == "req-of-the-test"
    assert headers["securenet_tenant_id"] == "acme"


def test_a_republished_batch_keeps_its_trace(
    task: Task, broker: redis.Redis, tracing: None
) -> None:
    """It does not get the trace of the task that publishes it."""
    for request_id in ("req-of-the-test", "req-of-the-outbox"):
        with sentry_sdk.isolation_scope() as scope:
            scope.set_new_propagation_context()
            with sentry_sdk.start_transaction(name=request_id):
                bind_ids(request_id=request_id)
                if request_id == "req-of-the-test":
                    outbox.submit(task, "acme", [RECORD])
                else:
                    make_due()
                    outbox.republish(task)
    messages = [json.loads(text) for text in broker.lrange(QUEUE, 0, -1)]
    traces = [message["headers"]["sentry-trace"].partition("-")[0] for message in messages]
    assert len(traces) == 2
    assert len(set(traces)) == 1


@pytest.fixture
def tracing() -> Iterator[None]:
    """Enable tracing in this process without sending."""
    # The SDK patches Celery once a process, and never after an integration that does not trace.
    sentry_sdk.integrations._processed_integrations.discard("celery")
    init_sentry("", "test", traces_sample_rate=1.0)
    yield
    sentry_sdk.get_global_scope().set_client(None)


def test_one_run_of_the_outbox_is_bounded(task: Task, broker: redis.Redis) -> None:
    """Batches beyond the limit stay due; a finished batch is not due."""
    first = outbox.submit(task, "acme", [RECORD])
    for _ in range(3):
        outbox.submit(task, "acme", [RECORD])
    make_due()
    outbox.process(first, evaluated)
    assert [outbox.republish(task, limit=2) for _ in range(3)] == [2, 1, 0]


def test_an_unavailable_broker_leaves_the_outbox_unchanged(task: Task, unavailable: Task) -> None:
    """A batch that could not be published stays due."""
    outbox.submit(task, "acme", [RECORD])
    make_due()
    with pytest.raises(PublishError):
        outbox.republish(unavailable)
    assert outbox.republish(task) == 1


def test_a_dead_batch_waits_for_its_requeue(task: Task) -> None:
    """It is neither published nor processed until its dead letter is requeued."""
    task_id = outbox.submit(task, "acme", [RECORD])
    make_due()
    with session_scope() as session:
        outbox.stop_publishing(session, task_id)
    assert outbox.republish(task) == 0
    with pytest.raises(DeadLetterError, match="is a dead letter"):
        outbox.process(task_id, evaluated)
    with session_scope() as session:
        outbox.resume_publishing(session, task_id)
    assert outbox.process(task_id, evaluated)["counted"] is True
