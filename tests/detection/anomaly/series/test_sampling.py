"""The sampling step, learned from the past."""

from securenet_obs.detection.anomaly.series.sampling import DAY_S, Sampling


def learned(*intervals_s: float) -> Sampling:
    """Return a step that was learned from these intervals."""
    sampling = Sampling()
    for interval_s in intervals_s:
        sampling.learn(interval_s)
    return sampling


def test_the_step_is_the_median_of_past_intervals() -> None:
    """The first interval counts at once; single gaps do not change the step."""
    assert learned(60).step_s == 60
    assert learned(*[60] * 40, 7200, *[60] * 30, 86_400, *[60] * 40).step_s == 60


def test_the_step_follows_a_lasting_change() -> None:
    """Once most of the latest intervals are longer, so is the step."""
    assert learned(*[60] * 200, *[300] * 200).step_s == 300


def test_a_repeated_or_earlier_time_is_not_an_interval() -> None:
    """Intervals of zero or less teach nothing."""
    assert learned(*[60, 0, -3600] * 100).step_s == 60


def test_the_number_of_values_in_a_time_has_a_least() -> None:
    """A day of hours has 24 values; of a few seconds there is at least the given number."""
    sampling = learned(3600)
    assert sampling.points_in(DAY_S, 8) == 24
    assert sampling.points_in(60, 4) == 4


def test_a_restored_step_continues() -> None:
    """The state in JSON holds the step and the latest intervals."""
    sampling = learned(*[60] * 80)
    assert Sampling(**sampling.as_json()).as_json() == sampling.as_json()
