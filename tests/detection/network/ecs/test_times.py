"""Times of log records."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.network.ecs.times import EARLIEST, LATEST, parse_date, parse_timestamp
from tests.searching import examples

MOMENT = datetime(2020, 4, 30, 0, 6, 39, 500000, UTC)
EQUAL = [
    1588205199.5,
    "1588205199.5",
    "1588205199.500000",
    1588205199500,
    "1588205199500",
    1588205199500000,
    1588205199500000000,
    "2020-04-30T00:06:39.5Z",
    "2020-04-30T00:06:39,5Z",
    "2020-04-30 00:06:39.500",
    "2020-04-30T00:06:39.500000000Z",
    "2020-04-30t00:06:39.5z",
    "20200430T000639.5Z",
    "20200430000639.5",
    "2020-04-30T02:06:39.500+0200",
    "2020-04-30T02:06:39.5+02",
    "2020-04-30 02:06:39.5 +02:00",
    "2020-04-30 00:06:39.5 UTC",
    "2020-04-29T22:06:39.5-02:00",
    "2020-121T00:06:39.5Z",
    "2020-W18-4T00:06:39.5Z",
    "/Date(1588205199500)/",
    "  2020-04-30T00:06:39.5Z ",
]
INVALID = [
    "", "-", "yesterday", True, None, [], {}, float("nan"), float("inf"), 1e300, -5, 0,
    "1969-12-31T23:59:59Z", "2020-13-01T00:00:00Z", "9" * 5000, "42hours",
    "\uff12\uff10\uff12\uff10-04-30",
]  # fmt: skip


@pytest.mark.parametrize("value", EQUAL, ids=str)
def test_one_time_is_the_same_in_every_form(value: object) -> None:
    """Every form is the same time in UTC."""
    assert parse_timestamp(value) == MOMENT


@pytest.mark.parametrize("value", INVALID, ids=lambda value: str(value)[:20])
def test_other_values_are_not_times(value: object) -> None:
    """Any other value is None, and does not raise."""
    assert parse_timestamp(value) is None


def test_a_leap_second_is_the_next_second() -> None:
    """Python's datetimes have no second 60."""
    assert parse_timestamp("2016-12-31T23:59:60Z") == datetime(2017, 1, 1, tzinfo=UTC)


def test_a_date_may_be_far_away() -> None:
    """Certificates end in centuries to come."""
    assert parse_date("2136-04-30T00:00:00Z") == datetime(2136, 4, 30, tzinfo=UTC)
    assert parse_date(5248886400) == datetime(2136, 5, 1, tzinfo=UTC)


@examples(50)
@given(st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None) - timedelta(days=1)))
def test_units_of_numbers_do_not_overlap(naive: datetime) -> None:
    """A number of any unit, as a number or as text, is its own time."""
    moment = naive.replace(microsecond=0, tzinfo=UTC)
    seconds = int(moment.timestamp())
    for unit in (1, 10**3, 10**6, 10**9):
        assert parse_timestamp(seconds * unit) == moment
        assert parse_timestamp(str(seconds * unit)) == moment


@given(st.text(max_size=40) | st.floats() | st.integers())
def test_any_value_is_a_time_or_none(value: object) -> None:
    """No value raises, and a time is within the span."""
    moment = parse_timestamp(value)
    assert moment is None or EARLIEST <= moment < LATEST
