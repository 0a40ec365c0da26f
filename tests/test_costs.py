"""Costs: independent of the machine, larger for more work, and waiting costs nothing."""

import time

import pytest

from tests import costs
from tests.costs import STEPS, cost_of


def count_to(number: int) -> int:
    for _ in range(number):
        pass
    return number


def test_the_cost_grows_with_the_work() -> None:
    """Ten times the loop costs about ten units, and waiting none."""
    assert 3 < cost_of(lambda: count_to(10 * STEPS)) < 30
    assert cost_of(lambda: time.sleep(0.2)) < 1


def test_the_cost_is_that_of_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which all takes ten times as long has the same costs."""
    for seconds in (0.04, 0.4):
        clock = iter([0.0, 5 * seconds])
        monkeypatch.setattr(costs, "time_loop", lambda seconds=seconds: seconds)
        monkeypatch.setattr(time, "process_time", lambda clock=clock: next(clock))
        assert cost_of(lambda: None) == pytest.approx(5)
