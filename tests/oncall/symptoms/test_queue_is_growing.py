"""Judging a queue: rates are certain once they differ by more than chance."""

import math

import pytest

from securenet_obs.oncall.symptoms.queue_is_growing import QueueIsGrowing, QueueState
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
