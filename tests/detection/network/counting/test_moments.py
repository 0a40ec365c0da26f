"""Times of many records."""

from datetime import UTC, datetime

import pytest

from securenet_obs.detection.network.counting.moments import minute_of_time, moments_of
from securenet_obs.detection.network.ecs.times import parse_timestamp


@pytest.mark.parametrize(
    "values",
    [
        [1577836859.5, 1577836861.25],
        # It rounds to the next minute.
        [1577836859.0, 1577836859.9999996],
        [1577836859, 1577836860],
        [1577836859000, 1577836860000],
        ["2020-01-01T00:00:59Z", "2020-01-01T00:01:00Z"],
        ["2020-01-01T00:00:59", "2020-01-01 00:01:00"],
        ["2020-01-01T00:00:59+0200", "2020-01-01T00:01:00-05:30"],
        # One start, two minutes.
        ["2020-01-01T00:00:15+00:00:30", "2020-01-01T00:00:45+00:00:30"],
        ["2020-01-01T00:00:60Z", "2020-01-01T00:00:00Z"],
        ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00"],
        ["2020-W01-1T00:00:00Z", "1577836860"],
    ],
    ids=repr,
)
def test_times_are_those_of_single_values(values: list[object]) -> None:
    """Minutes, the first and the last time, in every form."""
    moments = [moment for moment in map(parse_timestamp, values) if moment is not None]
    assert len(moments) == len(values)
    assert moments_of(values) == (
        [minute_of_time(moment) for moment in moments],
        min(moments),
        max(moments),
    )


@pytest.mark.parametrize(
    "values",
    [
        [1.5, 1577836859.5],
        [float("nan")],
        ["2020-01-01T00:00:00Z", "2020-01-01T00:00:99Z"],
        ["0001-01-01T00:00:00+05:00"],
        ["1980-01-01T00:00:00Z"],
        [True],
        [None],
        [[]],
    ],
    ids=repr,
)
def test_an_invalid_time_is_none(values: list[object]) -> None:
    """One of them is enough."""
    assert moments_of(values) is None


def test_the_minute_of_a_time_counts_from_1970() -> None:
    """In UTC."""
    assert minute_of_time(datetime(1970, 1, 1, 1, 1, 59, 999_999, UTC)) == 61
