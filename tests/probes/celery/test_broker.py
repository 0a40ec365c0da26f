import pytest
import redis
from celery import Celery
from kombu import pidbox

from securenet_obs.errors import UnreachableError
from securenet_obs.probes import BrokerProbe
from securenet_obs.probes.celery import client
from securenet_obs.settings import Settings
from tests.waiting import eventually


@pytest.fixture
def settings(redis_server) -> Settings:
    """Return settings of a real Redis without workers."""
    return Settings(redis_url=redis_server.environment["REDIS_URL"])


def test_broker_state_is_read(settings: Settings) -> None:
    """The stack's Redis evicts no keys and appends every change to a file."""
    state = BrokerProbe(settings).state()
    assert (state.eviction_policy, state.aof_enabled, state.last_write_ok) == (
        "noeviction",
        True,
        True,
    )
    assert 0 < state.memory_share < 0.5
    assert abs(state.clock_skew_s) < 1


def test_broker_without_workers_returns_an_empty_table(settings: Settings) -> None:
    """Without workers the table is empty and has its columns."""
    workers = BrokerProbe(settings).workers(0.2)
    assert workers.empty
    assert "hard_limit_s" in workers


def test_a_known_worker_that_is_held_is_not_left_out(
    broker: Settings, celery_app: Celery, worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a control queue, and answers all questions once its event loop runs again.

    kombu names reply queues after the address of an object: here all questions have the same one.
    The late answer to the first is none to the second.
    """
    monkeypatch.setattr(pidbox, "oid_from", lambda _: "the-same")
    celery_app.send_task("probed.sleep", [1.5])
    with redis.Redis.from_url(broker.redis_url.get_secret_value()) as queues:
        assert eventually(lambda: queues.llen("default") == 0)
    (row,) = BrokerProbe(broker).workers(0.2).to_dict("records")
    assert (row["queues"], "celery" in row["versions"]) == (["default"], True)


def test_a_known_worker_that_is_gone_is_left_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was killed leaves its control queue, and is waited for in vain."""
    monkeypatch.setattr(client, "LATE_S", 0.2)
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as broker:
        broker.sadd("_kombu.binding.celery.pidbox", "\x06\x16\x06\x16worker@gone.celery.pidbox")
        try:
            assert BrokerProbe(settings).workers(0.2).empty
        finally:
            broker.delete("_kombu.binding.celery.pidbox")


def test_results_without_ttl_are_counted(settings: Settings) -> None:
    """Only Celery's result keys without a time to live are counted."""
    url = settings.results.get_secret_value()
    for task_id, expires_s in (("kept", None), ("expires", 60)):
        app = Celery(task_id, backend=url, set_as_current=False)
        app.conf.result_expires = expires_s
        app.backend.store_result(task_id, {}, "SUCCESS")
    client = redis.Redis.from_url(url)
    client.set("something-else", "{}")
    try:
        assert BrokerProbe(settings).count_results_without_ttl() == 1
    finally:
        client.delete("celery-task-meta-kept", "celery-task-meta-expires", "something-else")


def test_database_addresses_omit_the_password(settings: Settings) -> None:
    """Addresses appear in notebooks and therefore in the evidence."""
    assert "@" not in str(BrokerProbe(settings).databases())


def test_unavailable_broker_raises_unreachable() -> None:
    """An unavailable broker is not reported as a broker with bad settings."""
    with pytest.raises(UnreachableError):
        BrokerProbe(Settings(redis_url="redis://127.0.0.1:1/0")).state()
