"""A commit of PostgreSQL whose confirmation is lost: batches are accepted, or not, but once."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from celery import Task
from sqlalchemy import make_url

from securenet_obs.errors import PublishError, StoreUnavailableError, UnconfirmedCommitError
from securenet_obs.store import close_engines, discard_engines
from securenet_obs.workers import idempotency, outbox
from securenet_obs.workers.idempotency import KeyedRequest, submit_once
from tests.cut_commits import CommitProxy, Fate
from tests.stores import PostgresServer
from tests.workers.test_idempotency import Broker, batches, keys
from tests.workers.test_outbox import RECORD, counted, evaluated

pytestmark = pytest.mark.stack

TASK: Any = Task()
each_fate = pytest.mark.parametrize("fate", get_args(Fate))


@pytest.fixture
def proxy(
    postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch, fresh_settings: None
) -> Iterator[CommitProxy]:
    """Let this process use an empty store through a proxy."""
    with CommitProxy(postgresql.access.port) as proxy:
        url = make_url(postgresql.create_store()).set(port=proxy.port)
        monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
        discard_engines()
        yield proxy
        close_engines()


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    """Use a broker that accepts."""
    broker = Broker()
    for module in (outbox, idempotency):
        monkeypatch.setattr(module, "publish", broker.publish)
    return broker


def submit(kind: str) -> str:
    """Submit a batch, with a key or without."""
    if kind == "with a key":
        return submit_once(TASK, KeyedRequest("acme", "k", b"body"), [RECORD]).task_id
    return outbox.submit(TASK, "acme", [RECORD])


each_kind = pytest.mark.parametrize("kind", ["with a key", "without a key"])


@each_kind
@each_fate
def test_an_accepted_batch_is_stored_once(
    proxy: CommitProxy, broker: Broker, fate: Fate, kind: str
) -> None:
    """The request succeeds, whether the server has executed the commit or not."""
    proxy.fates = [fate]
    task_id = submit(kind)
    assert proxy.fates == []
    assert batches() == broker.published == [task_id]


@each_kind
@each_fate
def test_a_batch_that_the_broker_refuses_is_withdrawn(
    proxy: CommitProxy, broker: Broker, fate: Fate, kind: str
) -> None:
    """The request fails, and nothing is counted."""

    def refuse(_: str) -> None:
        proxy.fates = [fate]

    broker.refuses, broker.before = True, refuse
    with pytest.raises(PublishError):
        submit(kind)
    assert proxy.fates == []
    assert (batches(), keys()) == ([], 0)


@each_kind
def test_a_batch_that_the_broker_refuses_is_reported(
    proxy: CommitProxy, broker: Broker, kind: str
) -> None:
    """If it is unknown whether it was withdrawn, the client is not answered that it is counted."""

    def refuse(_: str) -> None:
        proxy.fates = ["executed", "lost"]

    broker.refuses, broker.before = True, refuse
    with pytest.raises(PublishError):
        submit(kind)
    assert (proxy.fates, batches()) == ([], [])


@each_fate
def test_a_batch_is_counted_once(proxy: CommitProxy, fate: Fate) -> None:
    """The task is retried, and finds the batch counted or not."""
    task_id = outbox.submit(TASK, "acme", [RECORD])

    def evaluate(tenant_id: str, records: list[Any]) -> Any:
        proxy.fates = [fate]
        return evaluated(tenant_id, records)

    with pytest.raises(StoreUnavailableError):
        outbox.process(task_id, evaluate)
    result = outbox.process(task_id, evaluated)
    assert result["counted"] is (fate == "lost")
    assert counted() == 1


def test_a_store_that_confirms_nothing_is_an_error(proxy: CommitProxy, broker: Broker) -> None:
    """The error says so, and nothing is published."""
    proxy.fates = ["lost", "lost"]
    with pytest.raises(PublishError) as caught:
        submit("without a key")
    assert isinstance(caught.value.__cause__, UnconfirmedCommitError)
    assert batches() == broker.published == []
