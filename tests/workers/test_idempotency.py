"""A batch with an idempotency key is accepted once, whatever becomes of its first request."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Task
from sqlalchemy import func, select, update

from securenet_obs.errors import IdempotencyKeyError, PublishError
from securenet_obs.monitoring.correlation import bind_ids, clear_ids
from securenet_obs.settings import Settings
from securenet_obs.store import TASK as TASK_WAITS
from securenet_obs.store import IdempotencyKey, Submission, session_scope
from securenet_obs.workers import idempotency, outbox
from securenet_obs.workers.idempotency import KeyedRequest, submit_once
from securenet_obs.workers.retention import delete_old_rows
from tests.workers.test_outbox import RECORD, evaluated

REQUEST = KeyedRequest("acme", "k1", b"body")
TASK: Any = Task()


class Broker:
    """A broker that accepts, refuses or holds up messages; the store is real."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.refuses = False
        self.before: Any = lambda task_id: None

    def publish(self, _: Task, reference: dict[str, str], *, task_id: str) -> None:
        """Accept a message, or refuse it as the broker that is down does."""
        assert reference == {"batch": task_id}
        self.before(task_id)
        if self.refuses:
            raise PublishError("the broker did not accept it")
        self.published.append(task_id)


@pytest.fixture(autouse=True)
def broker(empty_store: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """Use an empty store, within a request, and a broker."""
    broker = Broker()
    monkeypatch.setattr(idempotency, "publish", broker.publish)
    bind_ids(request_id="first-request")
    yield broker
    clear_ids()


def batches() -> list[str]:
    """Return the tasks of the batches in the store."""
    with session_scope() as session:
        return list(session.scalars(select(Submission.task_id)))


def keys() -> int:
    """Return the number of keys in the store."""
    with session_scope() as session:
        return session.scalar(select(func.count()).select_from(IdempotencyKey)) or 0


def unconfirm() -> None:
    """Let the first request look as if its process had died before the broker answered."""
    with session_scope() as session:
        session.execute(update(IdempotencyKey).values(confirmed_at=None))


def age(by: timedelta) -> None:
    """Make every key older."""
    with session_scope() as session:
        session.execute(update(IdempotencyKey).values(created_at=datetime.now(UTC) - by))


def test_the_same_key_and_body_is_the_same_task(broker: Broker) -> None:
    """The repetition has the task and the id of the first request, and queues nothing."""
    first = submit_once(TASK, REQUEST, [RECORD])
    bind_ids(request_id="second-request")
    second = submit_once(TASK, REQUEST, [RECORD])
    assert second == first._replace(is_replayed=True)
    assert (first.is_replayed, first.request_id) == (False, "first-request")
    assert batches() == broker.published == [first.task_id]


def test_a_key_belongs_to_its_tenant() -> None:
    """Another tenant, and another key, is another batch."""
    tasks = {
        submit_once(TASK, KeyedRequest(tenant, key, b"body"), [RECORD]).task_id
        for tenant in ("acme", "first")
        for key in ("k1", "k2")
    }
    assert sorted(batches()) == sorted(tasks)
    assert len(tasks) == 4


def test_another_body_is_refused() -> None:
    """The batch of the first request stays, and no other is stored."""
    first = submit_once(TASK, REQUEST, [RECORD])
    with pytest.raises(IdempotencyKeyError):
        submit_once(TASK, KeyedRequest("acme", "k1", b"other"), [RECORD])
    assert batches() == [first.task_id]


def test_a_key_is_stored_as_a_digest() -> None:
    """The longest key fits; the text of a client is not kept."""
    submit_once(TASK, KeyedRequest("acme", "~" * 255, b"body"), [RECORD])
    with session_scope() as session:
        assert len(session.scalars(select(IdempotencyKey)).one().key_hash) == 64


def test_after_a_refusal_the_key_is_free(broker: Broker) -> None:
    """A batch that the broker did not accept is withdrawn with its key, also for another body."""
    broker.refuses = True
    with pytest.raises(PublishError):
        submit_once(TASK, REQUEST, [RECORD])
    assert (batches(), keys()) == ([], 0)
    broker.refuses = False
    again = submit_once(TASK, KeyedRequest("acme", "k1", b"other"), [RECORD])
    assert (again.is_replayed, batches()) == (False, [again.task_id])


def test_requests_at_the_same_time_are_one_task(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 20 requests at once one is accepted; the others wait for it and have its answer."""
    # A busy machine takes longer than a request waits.
    monkeypatch.setattr(idempotency, "REQUEST", TASK_WAITS)
    monkeypatch.setattr(idempotency, "OUTCOME_TIMEOUT_S", 30.0)
    together = threading.Barrier(20)
    broker.before = lambda task_id: time.sleep(0.2)

    def submit(_: int) -> str:
        together.wait(30)
        return submit_once(TASK, REQUEST, [RECORD]).task_id

    with ThreadPoolExecutor(20) as pool:
        tasks = set(pool.map(submit, range(20)))
    assert len(tasks) == 1
    assert batches() == list(tasks) == broker.published


def test_a_batch_whose_first_request_died_is_published_again(broker: Broker) -> None:
    """The repetition publishes the same task, once."""
    first = submit_once(TASK, REQUEST, [RECORD])
    unconfirm()
    assert [submit_once(TASK, REQUEST, [RECORD]).task_id for _ in range(2)] == [first.task_id] * 2
    assert broker.published == [first.task_id] * 2
    assert batches() == [first.task_id]


def test_a_repetition_shares_the_refusal_of_the_first_request(broker: Broker) -> None:
    """If the first request withdraws the batch meanwhile, the repetition is refused too."""
    refusals = []

    def repeat(task_id: str) -> None:
        broker.before = lambda task_id: None
        repetition.start()

    def submit() -> None:
        with pytest.raises(PublishError) as caught:
            submit_once(TASK, REQUEST, [RECORD])
        refusals.append(caught.value)

    repetition = threading.Thread(target=submit)
    broker.refuses, broker.before = True, repeat
    submit()
    repetition.join()
    assert len(refusals) == 2
    assert (batches(), keys(), broker.published) == ([], 0, [])


def test_a_confirmed_batch_is_not_withdrawn(broker: Broker) -> None:
    """If a repetition has published the batch, the refusal of the first is overruled."""

    def publish_elsewhere(task_id: str) -> None:
        with session_scope() as session:
            session.execute(update(IdempotencyKey).values(confirmed_at=datetime.now(UTC)))

    broker.refuses, broker.before = True, publish_elsewhere
    accepted = submit_once(TASK, REQUEST, [RECORD])
    assert (batches(), keys()) == ([accepted.task_id], 1)


def test_a_counted_batch_is_not_withdrawn(broker: Broker) -> None:
    """If a worker has counted the batch, its key stays, and the request succeeds."""
    broker.refuses = True
    broker.before = lambda task_id: outbox.process(task_id, evaluated)
    accepted = submit_once(TASK, REQUEST, [RECORD])
    broker.refuses = False
    broker.before = lambda task_id: None
    assert submit_once(TASK, REQUEST, [RECORD]) == accepted._replace(is_replayed=True)
    assert (batches(), keys()) == ([accepted.task_id], 1)


def test_a_request_fails_if_its_batch_was_withdrawn(broker: Broker) -> None:
    """A repetition may withdraw the batch while the first request publishes: it is not counted."""

    def withdraw_elsewhere(task_id: str) -> None:
        with session_scope() as session:
            session.delete(session.scalars(select(IdempotencyKey)).one())
            assert outbox.withdraw(session, task_id)

    broker.before = withdraw_elsewhere
    with pytest.raises(PublishError):
        submit_once(TASK, REQUEST, [RECORD])


def test_a_key_expires() -> None:
    """For 24 hours it names the batch; after that a new one, also before it is purged."""
    first = submit_once(TASK, REQUEST, [RECORD])
    age(timedelta(hours=23, minutes=59))
    assert submit_once(TASK, REQUEST, [RECORD]).task_id == first.task_id
    age(timedelta(hours=24, seconds=1))
    again = submit_once(TASK, KeyedRequest("acme", "k1", b"other"), [RECORD])
    assert (again.is_replayed, keys()) == (False, 1)
    assert set(batches()) == {first.task_id, again.task_id}


def test_expired_keys_are_purged() -> None:
    """Only those."""
    submit_once(TASK, REQUEST, [RECORD])
    age(timedelta(hours=24, seconds=1))
    submit_once(TASK, KeyedRequest("acme", "k2", b"body"), [RECORD])
    assert delete_old_rows(Settings())["idempotency_keys"] == 1
    assert keys() == 1
