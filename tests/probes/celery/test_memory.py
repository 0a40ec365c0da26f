"""Memory by families of keys, and results without expiry, of a real Redis."""

from collections.abc import Iterator

import pytest
import redis

from securenet_obs.probes.celery import memory
from securenet_obs.probes.celery.memory import MemoryProbe, find_endless, name_family
from securenet_obs.settings import Settings
from tests.conftest import RedisServer

PREFIX = "celery-task-meta-memory"


@pytest.fixture
def settings(redis_server: RedisServer) -> Settings:
    return Settings(**{name.lower(): value for name, value in redis_server.environment.items()})


@pytest.fixture
def results(settings: Settings) -> Iterator[redis.Redis]:
    """Yield a client of the results' database with ten results, seven without expiry."""
    with redis.Redis.from_url(settings.results.get_secret_value()) as client:
        # Earlier tests of this process have left theirs.
        for key in client.scan_iter("celery-task-meta-*"):
            client.delete(key)
        for number in range(10):
            client.set(f"{PREFIX}{number}", "x" * 1000, ex=60 if number < 3 else None)
        yield client
        client.delete(*(f"{PREFIX}{number}" for number in range(10)))


def test_families_have_their_keys_and_bytes(settings: Settings, results: redis.Redis) -> None:
    """The results are one family, with the number of those that never expire."""
    frame = MemoryProbe(settings).families()
    (row,) = frame[frame["family"] == "results"].to_dict("records")
    assert (row["database"], row["keys"], row["without_expiry"]) == ("results", 10, 7)
    assert 10_000 < row["bytes"] < 20_000
    assert list(frame["bytes"]) == sorted(frame["bytes"], reverse=True)


def test_a_large_database_is_a_sample(
    settings: Settings, results: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five measured keys stand for all."""
    monkeypatch.setattr(memory, "MAX_KEYS", 5)
    frame = MemoryProbe(settings).families()
    size = int(str(results.dbsize()))
    assert frame[frame["database"] == "results"]["keys"].sum() == pytest.approx(size, abs=2)


def test_results_that_were_used_are_not_idle(settings: Settings, results: redis.Redis) -> None:
    """Those that never expire count, from their last use on."""
    assert MemoryProbe(settings).endless_results(0).count == 7
    assert MemoryProbe(settings).endless_results(60).count == 0
    assert {key.decode() for key, _, _ in find_endless(results)} == {
        f"{PREFIX}{number}" for number in range(3, 10)
    }


def test_a_policy_without_idle_times(settings: Settings, results: redis.Redis) -> None:
    """Redis knows no idle time then: nothing is idle for longer than 0 s."""
    results.config_set("maxmemory-policy", "allkeys-lfu")
    try:
        assert MemoryProbe(settings).endless_results(1).count == 0
        assert MemoryProbe(settings).endless_results(0).count == 7
    finally:
        results.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize(
    ("key", "kind", "family"),
    [
        ("logs", b"list", "queue logs"),
        ("logs\x06\x163", b"list", "queue logs"),
        ("unacked_index", b"zset", "in flight"),
        ("securenet:ledger:sent", b"stream", "ledger"),
        ("worker@vm.celery.pidbox", b"list", "Celery's control"),
        ("session:1", b"string", "others: session"),
    ],
)
def test_a_key_has_a_family(key: str, kind: bytes, family: str) -> None:
    """Lists are queues, unless their name says otherwise."""
    assert name_family(key, kind) == family
