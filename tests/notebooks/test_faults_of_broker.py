"""Faults of the broker: changed settings or contents of Redis, restored after each test."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from securenet_obs.runner.notebook.catalog import find
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack
from securenet_obs.stack.parts.services import build_worker_command
from tests.notebooks.faults import BrokenPart, Fault, Run

PROJECT = Path(__file__).parents[2]
BROKER = "08_the_broker_is_safe"

SETTINGS = {
    "no key is evicted": ("maxmemory-policy", "allkeys-lru"),
    "a restart keeps the queues": ("appendonly", "no"),
    "Redis has free memory": ("maxmemory", "20mb"),
}
"""Check -> the setting of Redis that turns it red."""

PARTS = {
    "a queue that nobody consumes": Fault(
        BROKER,
        "worker",
        {"every queue has a consumer"},
        command=build_worker_command(queues=("default", "scans", "models", "canary")),
    ),
    "a task may run for longer than it is held": Fault(
        BROKER,
        "worker",
        {"no task outlives the visibility timeout"},
        faults="limit_beyond_visibility",
    ),
    "a version that is known": Fault(
        BROKER, "worker", {"no version is known to be bad"}, faults="a_bad_kombu"
    ),
}


@pytest.fixture
def server(stack: LocalStack) -> Iterator["redis.Redis"]:
    """Yield a client of the stack's Redis."""
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:
        yield client


@contextmanager
def changed(server: "redis.Redis", name: str, value: str) -> Iterator[None]:
    """Change a setting of Redis for a block."""
    before = server.config_get(name)[name]
    server.config_set(name, value)
    try:
        yield
    finally:
        server.config_set(name, before)


@pytest.mark.parametrize("check", SETTINGS)
def test_a_setting_that_loses_tasks_is_noticed(
    check: str, server: "redis.Redis", run_notebook: Run
) -> None:
    """One wrong setting fails one check."""
    with changed(server, *SETTINGS[check]):
        done = run_notebook(BROKER, "largest_memory_share=0.05")
    assert (done.verdict, done.red) == (Verdict.FAILED, {check})


def test_a_full_memory_is_reported(server: "redis.Redis", run_notebook: Run) -> None:
    """Redis refuses every write, and the workers cannot answer; the memory is still judged."""
    with changed(server, "maxmemory", "1"):
        done = run_notebook(BROKER)
    assert done.verdict == Verdict.FAILED
    assert "Redis has free memory" in done.red


@pytest.mark.parametrize("fault", PARTS.values(), ids=PARTS.keys())
def test_a_worker_that_does_not_fit_is_noticed(
    fault: Fault, broken: BrokenPart, run_notebook: Run
) -> None:
    """The settings that a worker reports are judged."""
    broken.inject(fault)
    done = run_notebook(fault.notebook)
    assert (done.verdict, done.red) == (Verdict.FAILED, fault.red)


def test_a_message_that_is_held_for_too_long_is_noticed(
    server: "redis.Redis", run_notebook: Run
) -> None:
    """A message that is held longer than any task may run has a dead or hanging worker."""
    # Recent enough that no worker restores it meanwhile.
    server.zadd("unacked_index", {"a-delivery": time.time() - 1800})
    try:
        done = run_notebook(BROKER, "longest_held_s=900")
    finally:
        server.zrem("unacked_index", "a-delivery")
    assert done.red == {"no message is held for too long"}


def test_results_that_stay_in_the_queues_database_are_noticed(
    stack: LocalStack, server: "redis.Redis", run_notebook: Run
) -> None:
    """Results without their own database, and results without a TTL, fail one check each."""
    server.set("celery-task-meta-for-ever", "{}")
    try:
        same = {"RESULT_URL": stack.environment["REDIS_URL"]}
        done = run_notebook(BROKER, environment=same)
    finally:
        server.delete("celery-task-meta-for-ever")
    assert done.red == {"queues and results have separate databases", "every result expires"}


def test_clocks_that_differ_are_noticed(run_notebook: Run) -> None:
    """A permitted difference of zero fails the check, since two clocks are never exactly equal."""
    done = run_notebook(BROKER, "largest_clock_difference_s=0")
    assert done.red == {"the clocks agree"}


def test_every_check_has_a_fault() -> None:
    """Every declared check has a fault, since a check that cannot fail is a defect."""
    red = {name for fault in PARTS.values() for name in fault.red} | SETTINGS.keys()
    tested = {
        "no message is held for too long",
        "queues and results have separate databases",
        "every result expires",
        "the clocks agree",
    }
    assert red | tested == set(find(PROJECT, BROKER).declared.checks)
