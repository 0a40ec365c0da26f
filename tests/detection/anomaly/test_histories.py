"""Histories to train on."""

import math
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.anomaly.histories import History, is_constant, order
from securenet_obs.detection.anomaly.readings import Reading

START = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = st.tuples(st.integers(0, 50), st.none() | st.floats(allow_nan=True, allow_infinity=True))


def history(*values: float | None) -> History:
    """Return the history of values by the minute."""
    return order(Reading(START + timedelta(minutes=n), value) for n, value in enumerate(values))


@given(rows=st.lists(ROWS, max_size=60))
def test_a_history_has_each_time_once_in_order(rows: list[tuple[int, float | None]]) -> None:
    """Every reading is in the history, or is counted as missing or repeated."""
    readings = [Reading(START + timedelta(minutes=minute), value) for minute, value in rows]
    found = order(readings)
    times = [reading.at for reading in found.readings]
    assert times == sorted(set(times))
    assert all(math.isfinite(reading.value or 0) for reading in found.readings)
    removed = found.notes.get("missing", 0) + found.notes.get("repeated", 0)
    assert len(readings) == len(times) + removed


def test_the_last_value_of_a_repeated_time_counts() -> None:
    """A correction replaces the value before; values out of order are sorted and counted."""
    found = order([Reading(START, 1.0), Reading(START, 2.0), Reading(START - timedelta(1), 3.0)])
    assert [reading.value for reading in found.readings] == [3.0, 2.0]
    assert found.notes == {"repeated": 1, "unsorted": 1}


def test_gaps_are_counted() -> None:
    """An interval of more than three steps is a gap; it is not filled."""
    readings = [Reading(START + timedelta(minutes=n), 1.0) for n in (*range(20), 90, 91, 92, 200)]
    found = order(readings)
    assert found.notes == {"gaps": 2}
    assert len(found.readings) == 24


def test_a_counter_that_was_reset_is_unfit() -> None:
    """The total of a counter is not a metric; its resets are counted."""
    found = history(*range(0, 600, 10), *range(0, 600, 10), *range(0, 300, 10))
    assert found.notes == {"resets": 2}
    assert found.unfit == "a counter with 2 resets: give its increments instead of its total"


def test_growth_and_a_saw_are_not_counters() -> None:
    """A series that only grows, or that often falls, is trained on."""
    assert history(*range(100)).unfit is None
    assert history(*[n % 7 for n in range(100)]).unfit is None


def test_too_few_values_are_unfit() -> None:
    """Missing values do not count."""
    assert history(1, 2, None, math.nan).unfit == "10 values are needed, 2 are there"


def test_a_constant_history_is_recognised() -> None:
    """Every value is the same."""
    assert is_constant(history(*[5] * 20))
    assert not is_constant(history(*[5] * 20, 6))


def test_the_digest_depends_on_times_and_values() -> None:
    """Equal histories have equal digests."""
    one = history(*range(20))
    assert one.digest() == history(*range(20)).digest()
    assert one.digest() != history(*range(19), 20).digest()
    assert one.digest() != order(reading for reading in one.readings[1:]).digest()
