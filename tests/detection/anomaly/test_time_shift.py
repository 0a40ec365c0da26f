"""A change of the time zone of a history."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from securenet_obs.detection.anomaly.histories import order
from securenet_obs.detection.anomaly.readings import Reading
from securenet_obs.detection.anomaly.time_shift import find_time_shift
from securenet_obs.detection.anomaly.training import train
from tests.detection.anomaly.samples import daily

CHANGE_DAY = 12


def readings(hours: int, days: int = 24) -> list[Reading]:
    """Return a daily course that comes later from a day on, by so many hours."""
    usual = [Reading(datetime.fromtimestamp(at, UTC), value) for at, value in daily(days + 2)]
    first, change = usual[288].at, usual[288].at + timedelta(days=CHANGE_DAY)
    later = [Reading(at + timedelta(hours=hours), value) for at, value in usual]
    before = [reading for reading in usual if first <= reading.at < change]
    after = [one for one in later if change <= one.at < first + timedelta(days=days)]
    return before + after


@pytest.mark.parametrize("hours", [1, -1, 2, -5, 9, 11])
def test_the_hours_and_the_day_of_a_change_are_found(hours: int) -> None:
    """Summer time is one hour; the day is exact to one."""
    given = readings(hours)
    found = find_time_shift(given)
    assert found is not None
    assert found.hours == hours
    since = given[0].at + timedelta(days=CHANGE_DAY)
    assert abs(found.since - since) <= timedelta(days=1)


def test_an_ordinary_history_has_no_change() -> None:
    """Neither noise, a constant, a weekly course nor a growing level is a change."""
    usual = readings(0)
    chance = random.Random(1)
    assert find_time_shift(usual) is None
    assert find_time_shift(Reading(at, 5.0) for at, _ in usual) is None
    assert find_time_shift(Reading(at, chance.random()) for at, _ in usual) is None
    weekly = [Reading(at, (value or 0) * (0.3 if at.weekday() > 4 else 1)) for at, value in usual]
    assert find_time_shift(weekly) is None
    growing = [Reading(at, (value or 0) * (1 + at.day / 10)) for at, value in usual]
    assert find_time_shift(growing) is None


def test_too_short_a_history_has_no_change() -> None:
    """A week before and a week after are compared."""
    assert find_time_shift(readings(5)[: 18 * 288]) is None
    assert find_time_shift([]) is None


def test_a_history_is_aligned_before_training() -> None:
    """The earlier values move to the new clock; the note has the hours, the model a small error."""
    aligned = order(readings(6, days=20))
    assert aligned.notes == {"moved_hours": 6}
    assert train(aligned).held_back_error < 3
    times = [reading.at for reading in aligned.readings]
    assert times == sorted(set(times))
