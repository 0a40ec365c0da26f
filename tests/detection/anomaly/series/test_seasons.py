"""The usual value at a time of the day."""

import json

from securenet_obs.detection.anomaly.series.sampling import DAY_S
from securenet_obs.detection.anomaly.series.seasons import Season

HOUR_S = 3600.0


def season_of(days: list[float], keep: int = 7, least: int = 1) -> Season:
    """Return a season of days whose hours have the value of the day plus the hour."""
    season = Season(DAY_S, keep=keep, least=least)
    for day, value in enumerate(days):
        for hour in range(24):
            season.learn(day * DAY_S + hour * HOUR_S, HOUR_S, value + hour)
    return season


def test_the_usual_value_is_the_median_of_the_latest_days() -> None:
    """Older days are forgotten; an odd and an even number of days have a median."""
    assert season_of([0, 10, 500]).usual(30 * DAY_S + 5 * HOUR_S, HOUR_S) == 15
    assert season_of([0, 10]).usual(30 * DAY_S + 5 * HOUR_S, HOUR_S) == 10
    assert season_of([900, 900, 900, 1, 2, 3], keep=3).usual(0, HOUR_S) == 2


def test_too_few_days_have_no_usual_value() -> None:
    """A slot has a usual value from the least number of periods on."""
    assert season_of([1, 2], least=3).usual(0, HOUR_S) is None
    assert season_of([1, 2, 3], least=3).usual(0, HOUR_S) == 2


def test_a_slot_of_many_values_counts_once_a_day() -> None:
    """Values of one minute share a slot of five, which counts by its mean once it is over."""
    season = Season(DAY_S, keep=7, least=1)
    for minute in range(10):
        season.learn(150 + 60 * minute, 60, float(minute))
    assert season.usual(300, 60) == 2
    assert season.usual(600, 60) is None


def test_jitter_of_a_second_does_not_change_the_slot() -> None:
    """A time shortly before the full hour is in the slot of that hour."""
    season = season_of([1, 2, 3])
    assert season.usual(5 * HOUR_S - 2, HOUR_S) == season.usual(5 * HOUR_S + 2, HOUR_S) == 7


def test_a_restored_season_continues() -> None:
    """The state in JSON holds every slot, also the one that is not over."""
    season = season_of([1, 2])
    restored = Season(DAY_S, keep=7, least=1)
    restored.restore(json.loads(json.dumps(season.as_json())))
    for one in (season, restored):
        one.learn(2 * DAY_S, HOUR_S, 4)
    assert restored.as_json() == season.as_json()
