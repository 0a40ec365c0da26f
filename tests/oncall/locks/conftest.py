"""Both places of the incident lock, real ones, and processes that take it at once."""

import multiprocessing
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from securenet_obs.oncall.locks import Holder
from securenet_obs.oncall.locks.in_redis import KEY
from securenet_obs.settings import Settings
from tests.conftest import RedisServer


@pytest.fixture
def redis_settings(redis_server: RedisServer) -> Iterator[Settings]:
    """Yield the settings of a real Redis; the lock is free before and after."""
    found = Settings(**{name.lower(): value for name, value in redis_server.environment.items()})
    with redis.Redis.from_url(found.redis_url.get_secret_value()) as client:
        client.delete(KEY)
        yield found
        client.delete(KEY)


def take_at_once(place: Callable[[], bool]) -> list[bool]:
    """Return whether each of four processes got the lock, which begin at the same time."""
    context = multiprocessing.get_context("fork")
    results, begin = context.Queue(), time.time() + 0.3

    def take() -> None:
        time.sleep(max(0.0, begin - time.time()))
        results.put(place())

    processes = [context.Process(target=take) for _ in range(4)]
    for process in processes:
        process.start()
    got = [results.get(timeout=20) for _ in processes]
    for process in processes:
        process.join()
    return sorted(got)


def holder_named(who: str) -> Holder:
    """Return a holder of this process."""
    return Holder.here(who, "a_symptom")
