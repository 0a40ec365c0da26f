"""The alarm budget."""

import json

import pytest

from securenet_obs.detection.anomaly.series.budget import AlarmBudget
from securenet_obs.detection.anomaly.series.detector import SeriesDetector
from tests.detection.anomaly import nab
from tests.detection.anomaly.samples import daily

WEEK_S = 7 * 86_400.0


def realised(series: nab.Series, per_week: float) -> tuple[int, float]:
    """Return the alarms in the second half of a series, and the number that is expected there."""
    detector = SeriesDetector(alarms_per_week=per_week)
    rows = zip(series.timestamps, series.values, strict=True)
    alarms = [detector.judge(at.timestamp(), value).anomaly for at, value in rows]
    half = len(alarms) // 2
    span_s = (series.timestamps[-1] - series.timestamps[half]).total_seconds()
    return sum(alarms[half:]), per_week * span_s / WEEK_S


def is_within(alarms: int, expected: float) -> bool:
    """Return whether the rate is within 30 %, or within 3 alarms where fewer than 10 are due."""
    return abs(alarms - expected) <= (0.3 * expected if expected >= 10 else 3)


@pytest.mark.slow
def test_the_budget_holds_on_the_benchmark(corpus: tuple[nab.Series, ...]) -> None:
    """Three alarms a week are realised in the second half of at least 80 % of the series."""
    kept = [is_within(*realised(series, 3)) for series in corpus]
    assert sum(kept) >= 0.8 * len(kept)


def test_the_threshold_falls_without_alarms_and_rises_with_each() -> None:
    """In the time in which an alarm is due it falls by as much as an alarm raises it."""
    budget = AlarmBudget(per_week=7)
    before = budget.advance(0.0)
    assert budget.advance(WEEK_S / 7) < before
    budget.spend()
    assert budget.advance(WEEK_S / 7) == pytest.approx(before)


def test_a_time_in_the_past_changes_nothing() -> None:
    """Repeated and earlier times do not lower the threshold twice."""
    budget = AlarmBudget(per_week=7)
    budget.advance(WEEK_S)
    threshold = budget.advance(2 * WEEK_S)
    assert budget.advance(WEEK_S) == budget.advance(2 * WEEK_S) == threshold


def test_more_alarms_are_raised_for_a_larger_budget() -> None:
    """The budget decides, also on a series without events; each alarm has its reason."""
    points = daily(21)
    found = []
    for per_week in (1, 7):
        detector = SeriesDetector(alarms_per_week=per_week)
        judgements = [detector.judge(at, value) for at, value in points]
        alarms = [judgement for judgement in judgements if judgement.anomaly]
        assert all(judgement.reason and judgement.score >= 0.5 for judgement in alarms)
        found.append(len(alarms))
    assert found[0] <= 3 + 3
    assert abs(found[1] - 21) <= 4


def test_a_restored_detector_keeps_its_budget() -> None:
    """The threshold is a part of the state in JSON."""
    detector = SeriesDetector(alarms_per_week=5)
    points = daily(6)
    for at, value in points[:1000]:
        detector.judge(at, value)
    restored = SeriesDetector.restored(json.loads(json.dumps(detector.as_json())))
    for at, value in points[1000:]:
        assert restored.judge(at, value) == detector.judge(at, value)
