"""Deviations of a value from the values before it."""

import json

import pytest

from securenet_obs.detection.anomaly.series.deviations import Deviation, Deviations
from tests.detection.anomaly.samples import DAY, START_S, STEP_S, Points, daily


def last(points: Points) -> dict[str, Deviation]:
    """Return the deviations of the last point by kind."""
    deviations = Deviations()
    for at, value in points[:-1]:
        deviations.measure(at, value)
    return {found.kind: found for found in deviations.measure(*points[-1])}


def followed_by(points: Points, *values: float) -> Points:
    """Return the series with further values at its step."""
    at = points[-1][0]
    return [*points, *((at + STEP_S * (n + 1), value) for n, value in enumerate(values))]


def test_a_spike_deviates_from_the_day_the_value_before_and_the_same_time() -> None:
    """After nine days every kind is measured, with the observed and the expected value."""
    points = daily(9)
    usual = points[-DAY][1]
    found = last(followed_by(points, usual + 500))
    assert found.keys() == {
        "distance", "spread", "shift", "jump", "time of day", "time of week", "hour of week",
        "quiet",
    }  # fmt: skip
    assert found["time of day"].size == pytest.approx(500, rel=0.02)
    assert found["time of week"].expected == pytest.approx(usual, abs=5)
    assert found["jump"].expected == points[-1][1]
    assert found["jump"].size > 20
    assert all(found[kind].is_rise for kind in found if kind != "quiet")


def test_a_missing_rise_deviates_from_the_same_time_only() -> None:
    """A value that is usual at another time of the day is a deficit at this one."""
    found = last(followed_by(daily(9.25), 100.0))
    assert found["time of day"].size == pytest.approx(-40, abs=5)
    assert abs(found["distance"].size) < 5
    assert not found["time of day"].is_rise


def test_an_hour_without_changes_is_quiet() -> None:
    """A flat hour of a noisy series is steadier than any before."""
    noisy, flat = daily(2), followed_by(daily(2), *[100.0] * 30)
    assert last(flat)["quiet"].size > 10 * last(noisy)["quiet"].size


def test_the_first_values_have_no_deviation() -> None:
    """A kind is measured once it has enough values before."""
    assert last(daily(10 / DAY)) == {}
    assert "time of day" not in last(daily(3))
    assert "time of day" in last(daily(3.1))


def test_a_gap_is_not_a_jump() -> None:
    """After a gap the latest hour is not known: neither a jump nor a shift is measured."""
    points = daily(3)
    at, value = points[-1]
    found = last([*points, (at + 86_400, value + 50)])
    assert "jump" not in found
    assert "shift" not in found
    assert "distance" in found


def test_the_windows_follow_the_sampling_step() -> None:
    """A day has 24 values of a series by the hour, and 1,440 of one by the minute."""
    for step_s, size in ((3600.0, 24), (60.0, 1440)):
        deviations = Deviations()
        for at, value in daily(0.5, step_s=step_s):
            deviations.measure(at, value)
        assert deviations.day.size == size


def test_restored_deviations_continue() -> None:
    """The state survives JSON: the next values have the same deviations."""
    deviations = Deviations()
    points = daily(8.3)
    for at, value in points:
        deviations.measure(at, value)
    restored = Deviations.restored(json.loads(json.dumps(deviations.as_json())))
    for row in range(3):
        at, value = START_S + 8.3 * 86_400 + row * STEP_S, 90.0 + row
        assert restored.measure(at, value) == deviations.measure(at, value)
