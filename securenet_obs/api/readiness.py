"""Readiness of the API: whether writes to broker, results and store succeed now, with a cache."""

import asyncio
import time
from collections.abc import Callable, Mapping

import redis
from fastapi.concurrency import run_in_threadpool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from securenet_obs.errors import RefusedError, SchemaError, StoreUnavailableError
from securenet_obs.store import check_writable
from securenet_obs.workers.celery_app import celery_app
from securenet_obs.workers.connections import SOCKET_TIMEOUT_S
from securenet_obs.workers.refusals import name_refusal

CACHED_S = 1.0
"""Seconds for which a result is returned again: a load balancer and a flood cost one check."""

READINESS_KEY = "securenet:readiness"
"""Key that each check writes in the broker's and the results' database; it expires."""

_KEY_TTL_S = 60


class Readiness:
    """The parts that a request needs, checked by a write to each; concurrent callers share one.

    Args:
        checks: part -> function that returns why a write fails, empty if it succeeds.
    """

    def __init__(self, checks: Mapping[str, Callable[[], str]]) -> None:
        self._checks = checks
        self._lock = asyncio.Lock()
        self._problems: dict[str, str] = {}
        self._read_at = -CACHED_S

    async def read_problems(self) -> dict[str, str]:
        """Return for each part why a write fails, as a code without a value; empty if it works."""
        async with self._lock:
            if time.monotonic() >= self._read_at + CACHED_S:
                found = await asyncio.gather(*map(run_in_threadpool, self._checks.values()))
                self._problems = dict(zip(self._checks, found, strict=True))
                self._read_at = time.monotonic()
            return self._problems


def create_readiness() -> Readiness:
    """Return the readiness of this process's broker, results and store."""
    return Readiness(
        {
            "broker": lambda: _find_redis_problem(celery_app.conf.broker_url),
            "results": lambda: _find_redis_problem(celery_app.conf.result_backend),
            "store": _find_store_problem,
        }
    )


def _find_redis_problem(url: str) -> str:
    client = redis.Redis.from_url(
        url,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=SOCKET_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    with client:
        try:
            client.set(READINESS_KEY, repr(time.time()), ex=_KEY_TTL_S)
        except (RedisError, OSError) as error:
            return name_refusal(error)
    return ""


def _find_store_problem() -> str:
    try:
        check_writable()
    except (StoreUnavailableError, RefusedError, SchemaError) as error:
        return type(error.__cause__ or error).__name__
    return ""
