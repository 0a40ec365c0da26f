"""The sums in Redis: of several processes, and of another version."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from securenet_obs.monitoring.metrics.shared import METRICS_KEY, add_samples, read_samples


@pytest.fixture
def client(redis_server: Any) -> Iterator[redis.Redis]:
    """Yield a client of an empty database."""
    with redis.Redis.from_url(
        redis_server.environment["REDIS_URL"].removesuffix("0") + "10"
    ) as client:
        client.flushdb()
        yield client


def test_increments_of_all_processes_add_up(client: redis.Redis) -> None:
    """Sums are exact for counts."""
    sample = ("securenet_tasks", "", "scan", "success")
    for amount in (1, 2, 2**40):
        add_samples(client, {sample: amount})
    assert read_samples(client) == {sample: 2**40 + 3}


def test_samples_of_another_version_are_left_out(client: redis.Redis) -> None:
    """An unknown metric, or one with other labels, would break the exposition."""
    old = [["securenet_gone", ""], ["securenet_tasks", "", "only a task"]]
    for sample in old:
        client.hset(METRICS_KEY, json.dumps(sample), 1)
    assert read_samples(client) == {}
