"""The largest deviation of each kind so far."""

import math

import pytest

from securenet_obs.detection.anomaly.series.deviations import Deviation
from securenet_obs.detection.anomaly.series.extremes import CONSTANTS, Excess, Extremes


def excess(extremes: Extremes, size: float, days: float, kind: str = "jump") -> Excess | None:
    """Return the excess of one deviation, if it is one."""
    found = extremes.compare([Deviation(kind, size, 1.0, size, 0.0)], days, days * 86_400)
    return found[0] if found else None


@pytest.fixture
def extremes() -> Extremes:
    """Return extremes that have seen a jump of 10 up and one of 4 down on the first day."""
    extremes = Extremes()
    for size in (0.5, 10.0, -4.0):
        assert excess(extremes, size, 0.1) is None
    return extremes


def test_a_deviation_is_compared_with_the_largest_of_its_kind_and_direction(
    extremes: Extremes,
) -> None:
    """20 is about twice the largest, -8 as well, and 9 is none."""
    assert excess(extremes, 9, 4) is None
    for size in (20, -8):
        found = excess(extremes, size, 4)
        assert found is not None
        assert found.ratio == pytest.approx(2 * math.exp(CONSTANTS.forgetting * 3.9))
        assert found.weight == pytest.approx(math.log(found.ratio))
        assert found.before_s == 0.1 * 86_400
        assert found.days == pytest.approx(3.9)


def test_the_new_largest_is_remembered(extremes: Extremes) -> None:
    """The same deviation again is ordinary."""
    assert excess(extremes, 20, 4) is not None
    assert excess(extremes, 20, 4) is None


def test_a_large_deviation_is_slowly_forgotten(extremes: Extremes) -> None:
    """What was ordinary is an excess after months."""
    days = math.log(1.5) / CONSTANTS.forgetting
    assert excess(extremes, 10 / 1.4, days) is not None
    assert excess(extremes, -4 / 1.6, days) is None


def test_a_young_kind_counts_less(extremes: Extremes) -> None:
    """No deviation counts on the first day of its kind, and in full from the third on."""
    weights = []
    for days in (0.9, 1.3, 2, 3.2):
        found = excess(Extremes(rows=extremes.as_json()), 30, days)
        weights.append(found.weight if found else 0.0)
    assert weights[0] == 0
    assert weights == sorted(weights)
    assert weights[-1] == pytest.approx(math.log(3), rel=0.05)


def test_the_first_deviation_above_the_noise_is_compared_with_the_noise() -> None:
    """Without an earlier deviation it is the first one, at most 20 times."""
    extremes = Extremes()
    assert excess(extremes, 0.0, 0) is None
    found = excess(extremes, 1e9, 5)
    assert found is not None
    assert found.before_s is None
    assert found.weight == 3


def test_noise_is_not_an_excess() -> None:
    """A deviation within the noise is ordinary, however small the earlier ones were."""
    extremes = Extremes()
    excess(extremes, 0.01, 0)
    assert excess(extremes, 0.9, 5) is None


def test_with_a_least_weight_smaller_deviations_count_too(extremes: Extremes) -> None:
    """Half of the largest has the negative logarithm of two; the largest stays."""
    lenient = Extremes(rows=extremes.as_json(), least=-1.0)
    for _ in range(2):
        found = excess(lenient, 5, 4)
        assert found is not None
        assert found.weight == pytest.approx(-math.log(2), abs=0.05)
    assert excess(lenient, 3, 4) is None
