"""The robust baseline."""

import pytest

from securenet_obs.detection.anomaly.series.baseline import LIMIT, MIN_VALUES, distance
from securenet_obs.detection.anomaly.series.window import Window


def sigmas(value: float, *others: float) -> float:
    """Return the distance of a value from others."""
    found = distance(value, Window(len(others), others))
    assert found is not None
    return found.sigmas


def test_the_distance_is_in_robust_standard_deviations() -> None:
    """Median 5 and median distance 2: 1.4826 times that is one standard deviation."""
    others = (1, 2, 3, 4, 5, 6, 7, 8, 9, 5, 1000)
    assert sigmas(5 + 2 * 1.4826, *others) == pytest.approx(1)
    assert sigmas(5 - 4 * 1.4826, *others) == pytest.approx(-2)


def test_a_tenth_more_than_equal_values_is_ordinary() -> None:
    """Where the median distance is 0, an anomaly differs by more than a tenth."""
    assert abs(sigmas(109, *[100] * 20)) < LIMIT < sigmas(111, *[100] * 20)
    assert sigmas(1, *[0] * 20) > LIMIT


def test_too_few_values_are_no_baseline() -> None:
    """Below the least number of values there is no distance."""
    assert distance(5, Window(99, [1] * (MIN_VALUES - 1))) is None
