"""Metrics of a call."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.anomaly.readings import Reading, read_metrics

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["timestamp", "value", "metric", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


def test_objects_name_their_metric_and_time() -> None:
    """Several metrics in one list are series of their own, in the order of time."""
    metrics = [
        {"timestamp": "2026-01-01T00:01:00Z", "metric": "bytes", "value": 2},
        {"timestamp": "2026-01-01T01:00:00+01:00", "metric": "bytes", "value": 1},
        {"ts": 1767225600, "name": "logins", "value": 7},
        {"time": "2026-01-01", "bytes": 3, "peers": 4, "host": "a", "up": True},
    ]
    readings = read_metrics(metrics)
    first = datetime(2026, 1, 1, tzinfo=UTC)
    assert readings.series == {
        "bytes": [Reading(first, 1), Reading(first, 3), Reading(first + timedelta(minutes=1), 2)],
        "logins": [Reading(first, 7)],
        "peers": [Reading(first, 4)],
    }
    assert readings.problems == {"not in the order of time": 1, "repeated time": 1}


def test_numbers_are_minutes_until_now() -> None:
    """A list of numbers is one metric."""
    series = read_metrics([1, 2.5, 3]).series["value"]
    assert [reading.value for reading in series] == [1, 2.5, 3]
    assert series[2].at - series[0].at == timedelta(minutes=2)
    assert abs(datetime.now(UTC) - series[2].at) < timedelta(minutes=2)


@given(metrics=st.lists(JSON, max_size=8))
def test_any_json_is_read_or_counted(metrics: list[object]) -> None:
    """No entry raises; each one is in a series or is a problem."""
    readings = read_metrics(metrics)
    entries = [entry for entry in metrics if not isinstance(entry, dict)]
    numbers = sum(len(series) for series in readings.series.values())
    refused = readings.problems["not a number"] + readings.problems["invalid time"]
    assert numbers + refused + readings.problems["no value and no numeric field"] >= len(entries)
