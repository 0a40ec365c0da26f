"""The benchmark's scorer: the rules of the paper, and the scores of published detectors."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.detection.anomaly import nab
from tests.detection.anomaly.table import PUBLISHED

START = datetime(2026, 1, 1, tzinfo=UTC)
STANDARD = nab.PROFILES["standard"]


def series(rows: int, *windows: tuple[int, int]) -> nab.Series:
    """Return a series of zeros with these anomalies."""
    timestamps = tuple(START + timedelta(minutes=5 * row) for row in range(rows))
    return nab.Series("folder/series", timestamps, (0.0,) * rows, windows)


def score(one: nab.Series, *rows: int, profile: nab.Profile = STANDARD) -> float:
    """Return the score of these detections."""
    return nab.score({one.name: rows}, [one], profile)


@pytest.mark.parametrize("profile", nab.PROFILES)
@pytest.mark.parametrize("detector", PUBLISHED)
def test_published_detectors_have_their_scores(
    corpus: tuple[nab.Series, ...], detector: str, profile: str
) -> None:
    """The best threshold gives each published detector its known score on each profile."""
    expected = json.loads((nab.DATA / "results" / "expected.json").read_text())[profile][detector]
    best, _ = nab.best_threshold(nab.published(detector), corpus, nab.PROFILES[profile])
    assert round(best, 2) == expected


def test_no_detection_scores_0_and_the_first_row_of_every_window_100() -> None:
    """The ends of the scale."""
    one = series(100, (40, 49), (80, 89))
    assert score(one) == 0
    assert score(one, 40, 80) == pytest.approx(100)


def test_an_earlier_detection_is_worth_more_and_only_the_best_counts() -> None:
    """A second detection in a window neither adds nor costs anything."""
    one = series(100, (40, 59))
    assert 50 < score(one, 59) < score(one, 50) < score(one, 40)
    assert score(one, 50, 59, 55) == score(one, 50)


def test_a_false_detection_costs_less_shortly_after_a_window() -> None:
    """Far from a window it costs a share of a point, at its end next to nothing."""
    one = series(200, (40, 59))
    hit = score(one, 40)
    costs = [hit - score(one, 40, row) for row in (60, 70, 150)]
    assert 0 < costs[0] < costs[1] < costs[2]
    assert costs[2] == pytest.approx(100 * STANDARD.false_detection / 2)
    assert hit - score(one, 30, 40) == pytest.approx(costs[2])


def test_profiles_weigh_false_detections_and_missed_windows() -> None:
    """Twice the cost of a false detection, or of a missed window."""
    one = series(200, (40, 59), (100, 119))
    loss = {
        name: 100 - score(one, 40, 100, 190, profile=profile)
        for name, profile in nab.PROFILES.items()
    }
    assert loss["reward_low_FP"] == pytest.approx(2 * loss["standard"])
    assert loss["reward_low_FN"] == pytest.approx(loss["standard"] * 2 / 3)


def test_the_first_rows_are_not_scored() -> None:
    """Neither a detection nor a window within the first 15 % counts, at most 750 rows."""
    one = series(100, (5, 10), (40, 49))
    assert one.learning_rows == 15
    assert series(9000).learning_rows == 750
    assert score(one, 3, 40) == pytest.approx(100)


def test_the_best_threshold_is_found() -> None:
    """The threshold lies at the lowest score that pays."""
    one = series(100, (40, 49))
    scores = [0.0] * 100
    scores[40], scores[70], scores[20] = 0.6, 0.3, 0.1
    assert nab.best_threshold({one.name: scores}, [one], STANDARD) == (pytest.approx(100), 0.6)
