"""Judging a queue: rates are certain once they differ by more than chance."""

import math

import pytest

from securenet_obs.oncall.actions.step import Manual
from securenet_obs.oncall.symptoms import queue_is_growing
from securenet_obs.oncall.symptoms.queue_is_growing import QueueIsGrowing, QueueState
from securenet_obs.probes.celery.known_workers import KnownWorker
from securenet_obs.settings import Settings
from tests.conftest import RedisServer


@pytest.mark.parametrize(
    ("in_per_s", "out_per_s", "window_s", "certain"),
    [
        (32.3, 31.0, 1.0, False),
        (33.0, 36.0, 4.0, False),
        (33.0, 36.0, 100.0, True),
        (5.0, 13.0, 4.0, True),
        (0.0, 0.0, 10.0, False),
    ],
)
def test_a_direction_is_certain_beyond_chance(
    in_per_s: float, out_per_s: float, window_s: float, certain: bool
) -> None:
    """Rates of 33 in and 36 out over four seconds prove nothing."""
    assert QueueState(100, in_per_s, out_per_s, window_s).is_certain is certain


def test_the_time_to_drain() -> None:
    """Zero for an empty queue, infinite for one that does not shrink."""
    assert QueueState(0, 5.0, 1.0, 1.0).time_to_drain_s == 0
    assert QueueState(10, 1.0, 3.0, 1.0).time_to_drain_s == 5
    assert math.isinf(QueueState(10, 3.0, 3.0, 1.0).time_to_drain_s)


def test_without_a_worker_and_without_work_no_row_applies(redis_server: RedisServer) -> None:
    """An empty queue needs no one."""
    settings = Settings(**{name.lower(): value for name, value in redis_server.environment.items()})
    symptom = QueueIsGrowing(settings, "oncall-empty", window_s=0.5, longest_drain_s=60)
    symptom.look()
    assert [row.finding for row in symptom.decide() if row.applies] == []
    assert symptom.verify_drain().passed
    assert not symptom.verify_consumer().passed


HERE = KnownWorker("worker@here", True, ("canary", "default"), 1)
GONE = KnownWorker("worker@gone", False)
IDLE = KnownWorker("worker@idle", True)


@pytest.mark.parametrize(
    ("known", "does", "command"),
    [
        ((), "find the worker that is missing", "securenet-obs run worker_is_gone"),
        ((HERE, GONE), "find the worker that is missing", "securenet-obs run worker_is_gone"),
        (
            (HERE, IDLE),
            "find the worker that consumes nothing",
            "securenet-obs run worker_answers_but_does_nothing",
        ),
        ((HERE,), "start a worker that consumes logs", ""),
    ],
)
def test_a_queue_without_a_consumer_leads_to_the_worker_that_lacks_it(
    monkeypatch: pytest.MonkeyPatch, known: tuple[KnownWorker, ...], does: str, command: str
) -> None:
    """A worker that runs without this queue is not gone: a restart would not help."""
    monkeypatch.setattr(queue_is_growing, "ask_known_workers", lambda _: known)
    symptom = QueueIsGrowing(Settings(), "logs", window_s=1, longest_drain_s=60)
    row = symptom._decide_on_consumers([], True)
    assert isinstance(row.step, Manual)
    assert row.step.does == does
    assert command in row.step.command
    named = "; ".join(row.name for row in known if row.answers)
    assert all(name in row.why for name in named.split("; ")), row.why
    assert symptom._decide_on_consumers(["worker@here"], False).step is None
