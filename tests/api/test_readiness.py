"""Readiness: true when a write would succeed now; it names part and reason, and is bounded."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import redis
from sqlalchemy import make_url

from securenet_obs.api.readiness import CACHED_S, Readiness
from securenet_obs.drills.faults.redis_states import STATES
from tests.busy import room_for
from tests.waiting import eventually

REASONS = {
    "READONLY": "READONLY",
    "MASTERDOWN": "READONLY",  # the answer to a write
    "MISCONF": "MISCONF",
    "NOPERM": "NOPERM",
    "OOM": "OOM",
    "BUSY": "BUSY",
    "maxclients": "maxclients",
    "WRONGPASS": "NOAUTH or WRONGPASS",
    "NOREPLICAS": "NOREPLICAS",
}
"""State of Redis -> the reason that is returned."""


READY = {"broker": "ok", "results": "ok", "store": "ok"}


@pytest.fixture
def admin(api: Any) -> Iterator[redis.Redis]:
    """Yield a client with one connection, which every state leaves open."""
    with redis.Redis.from_url(
        api.environment["REDIS_URL"], decode_responses=True, single_connection_client=True
    ) as client:
        client.ping()
        yield client


def ready_parts(api: Any) -> tuple[int, dict[str, str]]:
    """Return status and parts, read after the cached ones have expired."""
    time.sleep(CACHED_S)
    answer = api.client.get("/health/ready")
    return answer.status_code, answer.json()["parts"]


@pytest.mark.slow
@pytest.mark.parametrize("state", STATES)
def test_a_redis_that_refuses_writes_is_not_ready(api: Any, admin: redis.Redis, state: str) -> None:
    """The reason is the code of Redis's answer; afterwards the API is ready again."""
    with STATES[state](admin):
        began = time.monotonic()
        status, parts = ready_parts(api)
        assert time.monotonic() - began < CACHED_S + room_for(2)
    assert status == 503
    assert parts == READY | {"broker": REASONS[state], "results": REASONS[state]}
    assert ready_parts(api) == (200, READY)


def test_a_store_that_cannot_be_written_is_not_ready(serve: Any) -> None:
    """It can be read all the while."""
    with serve(hurries=True) as served:
        path = make_url(served.environment["DATABASE_URL"]).database
        assert path is not None
        with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            unready = READY | {"store": "OperationalError"}
            assert eventually(lambda: ready_parts(served) == (503, unready))
            holder.execute("ROLLBACK")
        assert eventually(lambda: ready_parts(served) == (200, READY))


def counted(problem: str) -> tuple[Readiness, list[float]]:
    """Return a readiness that counts its checks."""
    times: list[float] = []

    def check() -> str:
        times.append(time.monotonic())
        time.sleep(0.05)
        return problem

    return Readiness({"part": check}), times


@pytest.mark.parametrize("problem", ["", "READONLY"])
def test_many_callers_share_one_check(problem: str) -> None:
    """A flood of requests costs one write a second, and each gets the result."""

    async def flood() -> tuple[list[dict[str, str]], int]:
        readiness, times = counted(problem)
        results = await asyncio.gather(*(readiness.read_problems() for _ in range(50)))
        return results, len(times)

    results, checks = asyncio.run(flood())
    assert results == [{"part": problem}] * 50
    assert checks == 1


def test_a_result_is_not_kept_for_longer_than_a_second() -> None:
    """The next check is made afterwards."""

    async def twice() -> int:
        readiness, times = counted("")
        await readiness.read_problems()
        await asyncio.sleep(CACHED_S + 0.1)
        await readiness.read_problems()
        return len(times)

    assert asyncio.run(twice()) == 2
