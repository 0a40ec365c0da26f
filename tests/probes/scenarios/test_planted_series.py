import pandas as pd

from securenet_obs.detection.network.batch import normalise_batch
from securenet_obs.probes import (
    as_records,
    find_unexplained,
    generate_series,
    tabulate_anomalies,
)

ANOMALY = {
    "timestamp": "2026-03-04T03:20:00+00:00",
    "metric": "octets",
    "observed": 4_000_000.0,
    "expected": 1_300_000.0,
    "reason": "First jump in 2 days: observed 4000000, expected 1300000",
}


def test_the_last_day_has_a_spike_and_a_shift() -> None:
    """The history is as usual, and each call returns the same series."""
    series = generate_series(2)
    assert len(series) == 3 * 144
    history, today = series.iloc[:-144], series.iloc[-144:]
    assert (history.octets == history.usual).all()
    assert today.planted.value_counts().to_dict() == {"": 131, "shift": 12, "spike": 1}
    assert ((today.octets > today.usual) == (today.planted != "")).all()
    assert series.equals(generate_series(2))
    midday, midnight = series.usual.iloc[36:432:144], series.usual.iloc[108:432:144]
    assert midday.min() > 2 * midnight.max()
    assert midday.nunique() == midnight.nunique() == 3


def test_the_records_are_counted_as_the_series() -> None:
    """Each value is the bytes of its minute."""
    series = generate_series(1)
    minutes = normalise_batch(as_records(series)).minutes()
    assert [minute.octets for minute in minutes.values()] == list(series.octets)
    assert list(minutes) == list(series.index)


def test_anomalies_stand_beside_what_was_planted() -> None:
    """An anomaly at another minute has nothing planted."""
    other = ANOMALY | {"timestamp": "2026-03-04T10:00:00+00:00"}
    found = tabulate_anomalies([ANOMALY, other], generate_series(2))
    assert list(found.planted) == ["spike", "nothing"]
    kept = ["metric", "observed", "expected", "reason"]
    assert found[kept].to_dict("records") == [{name: ANOMALY[name] for name in kept}] * 2
    assert found.minute[0] == pd.Timestamp("2026-03-04T03:20Z")


def test_an_anomaly_without_a_full_reason_is_unexplained() -> None:
    """Its reason lacks a value, its value is another, or what it expected is close."""
    series = generate_series(2)
    spike = ANOMALY | {"observed": float(series.octets[pd.Timestamp(str(ANOMALY["timestamp"]))])}
    wrong = [
        *({"reason": reason} for reason in ("observed 4000000", "expected 1300000")),
        {"observed": 7e6},
        {"expected": 3.5e6},
    ]
    for change in wrong:
        found = tabulate_anomalies([spike | change], series)
        assert find_unexplained(found, series) == ["spike"]
    assert find_unexplained(tabulate_anomalies([spike], series), series) == []
