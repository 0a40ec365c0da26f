"""The lease on messages: a dead worker's come again, and a resumed one's count no more."""

import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from securenet_obs.drills.faults.redis_states import fill_memory
from securenet_obs.workers.celery_fixes.lease import LEASE_S, RENEWAL_S, Lease
from securenet_obs.workers.names import HELD_KEY, LEASES_KEY, UNACKED_INDEX_KEY, UNACKED_KEY
from tests.waiting import eventually
from tests.workers.conftest import running, send

SHORT_S = 6
"""Seconds of the lease of a test's workers, instead of `LEASE_S`."""

SHORT = f"""
import sys
from celery.__main__ import main
from securenet_obs.workers.celery_fixes import lease
lease.LEASE_S, lease.RENEWAL_S = {SHORT_S}, {SHORT_S * RENEWAL_S / LEASE_S}
sys.exit(main())
"""
"""Celery's command line with a short lease."""

SOON_S = 120
"""Seconds within which a dead worker's messages must be taken by another."""

CONTENT = json.dumps([{"body": ""}, "logs", "logs"])


@pytest.fixture
def broker(redis_server: Any) -> Iterator[redis.Redis]:
    """Yield an empty database."""
    url = redis_server.environment["REDIS_URL"].rsplit("/", 1)[0]
    with redis.Redis.from_url(f"{url}/9", decode_responses=True) as client:
        client.flushdb()
        yield client
        client.flushdb()


def records(broker: redis.Redis) -> tuple[int, int, int]:
    """Return how many messages are held, by each of the three records."""
    return broker.hlen(UNACKED_KEY), broker.zcard(UNACKED_INDEX_KEY), broker.hlen(HELD_KEY)


@contextmanager
def forbidden(client: redis.Redis, command: str) -> Iterator[None]:
    """Forbid a command to Redis's user for a block, which must fail with it."""
    client.acl_setuser("default", commands=[f"-{command}"], enabled=True)
    try:
        with pytest.raises(redis.exceptions.RedisError, match=r"can't run this command|permission"):
            yield
    finally:
        client.acl_setuser("default", categories=["+@all"], enabled=True)


def test_an_acknowledged_message_leaves_no_record(broker: redis.Redis) -> None:
    """Its tag is in none of the records."""
    mine = Lease()
    mine.take(broker, "tag", CONTENT)
    assert records(broker) == (1, 1, 1)
    assert mine.acknowledge(broker, "tag")
    assert records(broker) == (0, 0, 0)


def test_a_message_of_another_worker_is_not_acknowledged(broker: redis.Redis) -> None:
    """A worker that was suspended acknowledges nothing that another one holds by now."""
    mine, other = Lease(), Lease()
    mine.take(broker, "tag", CONTENT)
    other.take(broker, "tag", CONTENT)
    assert not mine.acknowledge(broker, "tag")
    assert records(broker) == (1, 1, 1)
    assert other.acknowledge(broker, "tag")


def test_a_message_is_restored_once(broker: redis.Redis) -> None:
    """Two workers that find it at the same time do not both restore it."""
    mine = Lease()
    mine.take(broker, "tag", CONTENT)
    held = ("tag", mine.owner, CONTENT.encode())
    assert mine.restore(broker, held, ["logs"], "again", first=True)
    assert not mine.restore(broker, held, ["logs"], "again", first=True)
    assert broker.lrange("logs", 0, -1) == ["again"]
    assert records(broker) == (0, 0, 0)


def test_messages_of_a_living_worker_are_left_alone(broker: redis.Redis) -> None:
    """Only those of a worker that has not renewed its lease are found, by the server's clock."""
    dead, alive = Lease(), Lease()
    dead.take(broker, "of the dead", CONTENT)
    alive.take(broker, "of the living", CONTENT)
    assert alive.find_expired(broker, 3600) == []
    for each in (dead, alive):
        broker.zincrby(LEASES_KEY, -LEASE_S - 1, each.owner)
    alive.renew(broker)
    found = alive.find_expired(broker, 3600)
    assert [tag for tag, *_ in found] == ["of the dead"]


def test_a_lost_lease_is_an_expired_one(broker: redis.Redis) -> None:
    """A Redis that lost the leases does not keep the messages back."""
    mine = Lease()
    mine.take(broker, "tag", CONTENT)
    broker.delete(LEASES_KEY)
    assert len(mine.find_expired(broker, 3600)) == 1


def test_a_message_without_an_owner_counts_after_the_visibility_timeout(
    broker: redis.Redis,
) -> None:
    """A worker of an older release records no owner."""
    broker.hset(UNACKED_KEY, "old", CONTENT)
    broker.zadd(UNACKED_INDEX_KEY, {"old": time.time() - 30})
    assert Lease().find_expired(broker, 60) == []
    assert [tag for tag, *_ in Lease().find_expired(broker, 20)] == ["old"]


def test_records_without_a_message_are_removed(broker: redis.Redis) -> None:
    """They do not stay for ever."""
    broker.hset(HELD_KEY, "gone", str(uuid.uuid4()))
    broker.zadd(UNACKED_INDEX_KEY, {"gone too": 1})
    assert Lease().find_expired(broker, 20) == []
    assert records(broker) == (0, 0, 0)


def test_a_full_memory_holds_up_no_worker(broker: redis.Redis) -> None:
    """Each script works: messages that fill the memory can be taken, put back, acknowledged."""
    mine = Lease()
    with fill_memory(broker):
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            broker.lpush("logs", CONTENT)
        mine.renew(broker)
        mine.take(broker, "tag", CONTENT)
        assert mine.restore(broker, ("tag", mine.owner, CONTENT.encode()), ["logs"], "", first=True)
        mine.take(broker, "tag", CONTENT)
        assert mine.acknowledge(broker, "tag")
    assert records(broker) == (0, 0, 0)
    assert broker.llen("logs") == 1


def test_a_refused_restore_forgets_no_message(broker: redis.Redis) -> None:
    """If a script of Redis cannot put a message back, the message stays recorded."""
    mine = Lease()
    mine.take(broker, "held", CONTENT)
    held = ("held", mine.owner, CONTENT.encode())
    with forbidden(broker, "rpush"):
        mine.restore(broker, held, ["logs"], "", first=True)
    assert records(broker) == (1, 1, 1)


@pytest.fixture
def workers(environment: dict[str, str], tmp_path: Path) -> Iterator[Any]:
    """Yield a function that starts a worker of a broker of its own."""
    address = environment["REDIS_URL"].rsplit("/", 1)[0]
    variables = {**environment, "REDIS_URL": f"{address}/10", "RESULT_URL": f"{address}/11"}
    celery = Celery(broker=variables["REDIS_URL"])
    celery.conf.result_backend = variables["RESULT_URL"]
    with redis.Redis.from_url(variables["REDIS_URL"], decode_responses=True) as client:
        client.flushdb()

        def start(name: str) -> Any:
            command = [sys.executable, "-c", SHORT, "-A", "securenet_obs.workers.celery_app"]
            options = ["-Q", "canary", "-n", f"{name}@%h", "--concurrency", "1"]
            alone = ["--without-mingle", "--without-gossip"]
            return running(
                [*command, "worker", *options, *alone], variables, tmp_path / f"{name}.log"
            )

        yield start, client, celery


@pytest.mark.slow
def test_messages_of_a_killed_worker_come_again_soon(workers: Any) -> None:
    """Another worker takes them soon after the lease, although they still wait for their time."""
    start, client, celery = workers
    with start("killed") as killed:
        # On a busy machine a start takes longer than the messages wait.
        send(celery, "echo_canary", "ready", queue="canary").get(timeout=SOON_S)
        held = [send(celery, "echo_canary", f"{n}", queue="canary", countdown=12) for n in range(5)]
        assert eventually(lambda: client.hlen(UNACKED_KEY) == len(held), 60)
        os.kill(killed.pid, signal.SIGKILL)
    (owner,) = set(client.hvals(HELD_KEY))
    # A worker that is held before its end has renewed its lease seconds before.
    renewed_at = client.zscore(LEASES_KEY, owner)
    with start("other"):
        assert eventually(lambda: owner not in client.hvals(HELD_KEY), SOON_S)
        assert time.time() - renewed_at >= SHORT_S
        for one in held:
            one.get(timeout=SOON_S)
        assert eventually(lambda: records(client) == (0, 0, 0))
