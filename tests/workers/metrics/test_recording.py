"""Tasks of a real worker are counted: successes, failures, retries, and killed processes."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from securenet_obs.monitoring.metrics.shared import read_samples
from securenet_obs.monitoring.metrics.tally import Sample
from tests.waiting import eventually


@pytest.fixture
def client(target: Any) -> Iterator[redis.Redis]:
    """Yield a client of the worker's result database."""
    with redis.Redis.from_url(target.environment["RESULT_URL"]) as client:
        yield client


def wait_for(client: redis.Redis, *expected: tuple[str, str, int]) -> None:
    """Wait for these numbers of executions of tasks, by name and state."""
    wanted = {("securenet_tasks", "", name, state): count for name, state, count in expected}

    def found() -> dict[Sample, float]:
        samples = read_samples(client)
        return {sample: samples.get(sample, 0) for sample in wanted}

    eventually(lambda: found() == wanted, 60)
    assert found() == wanted


def test_each_execution_is_counted_once(target: Any, client: redis.Redis) -> None:
    """Wait and run times are measured for each start."""
    target.send("tested.retried")
    target.send("tested.fails_until", "/absent")
    wait_for(
        client,
        ("tested.retried", "retry", 2),
        ("tested.retried", "success", 1),
        ("tested.fails_until", "failure", 1),
    )
    samples = read_samples(client)
    for name in ("securenet_task_wait_seconds", "securenet_task_run_seconds"):
        counts = [
            value
            for (metric, part, *labels), value in samples.items()
            if (metric, labels) == (name, ["tested.retried"]) and part != "sum"
        ]
        assert sum(counts) == 3


@pytest.mark.slow
def test_a_task_that_kills_its_process_is_a_failure(target: Any, client: redis.Redis) -> None:
    """The parent process counts it, once, after the last of its starts."""
    target.send("tested.dies")
    wait_for(client, ("tested.dies", "failure", 1))
