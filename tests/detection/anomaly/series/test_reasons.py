"""Reasons in words."""

from securenet_obs.detection.anomaly.series.baseline import Distance
from securenet_obs.detection.anomaly.series.deviations import Deviation
from securenet_obs.detection.anomaly.series.extremes import Excess
from securenet_obs.detection.anomaly.series.reasons import explain, explain_distance


def excess(kind: str, weight: float, before_s: float | None = 86_400.0) -> Excess:
    """Return an excess of a fall by 8 to 12."""
    return Excess(Deviation(kind, -8.0, 1.0, 12.0, 20.0), 1.44, weight, 12.2, before_s)


def test_the_reason_names_ratio_kind_time_and_values() -> None:
    """The excess with the largest weight is explained."""
    reason, expected = explain([excess("jump", 0.2), excess("time of day", 0.4)])
    assert expected == 20
    assert reason == (
        "1.4 times the largest deficit to the same time of day in 12 days, that of"
        " 1970-01-02 00:00: observed 12, expected 20"
    )


def test_the_first_deviation_of_a_kind_has_no_ratio() -> None:
    """There is nothing to compare it with but the days without one."""
    reason, _ = explain([excess("shift", 1.0, None)])
    assert reason == "First fall of an hour's mean in 12 days: observed 12, expected 20"


def test_a_distance_is_in_robust_standard_deviations() -> None:
    """The number of values compared with is part of the reason."""
    assert explain_distance(Distance(-7.25, 3.0, 40), -123456.0) == (
        "7.2 robust standard deviations below the median of 40 values: observed -123456, expected 3"
    )
