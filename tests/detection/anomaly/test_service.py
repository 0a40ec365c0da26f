"""Detection of anomalies in a tenant's metrics and records."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from securenet_obs.detection.anomaly import AnomalyDetector, ThreatDetectionService
from securenet_obs.detection.network.batch import normalise_batch
from securenet_obs.detection.network.stored.minutes import count_batch
from securenet_obs.store import session_scope

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("empty_store")


def record(minute: int, octets: int) -> dict[str, Any]:
    """Return a record of a minute after noon."""
    at = (NOON + timedelta(minutes=minute)).isoformat()
    return {"timestamp": at, "src_ip": "10.0.0.1", "dest_ip": "10.0.0.2", "bytes": octets}


def learn(tenant_id: str, *, per_minute: int = 5, minutes: int = 60) -> dict[str, Any]:
    """Count an ordinary hour of a tenant, and train its models."""
    records = [
        record(minute, 100 + minute % 7) for minute in range(minutes) for _ in range(per_minute)
    ]
    with session_scope() as session:
        count_batch(session, tenant_id, normalise_batch(records))
    return AnomalyDetector().retrain_model(tenant_id)


def detect(tenant_id: str, **data: Any) -> dict[str, Any]:
    """Return the result for metrics or records."""
    return ThreatDetectionService().detect_anomaly({"tenant_id": tenant_id, **data})


def minutes_of(*values: float, metric: str = "records") -> list[dict[str, Any]]:
    """Return a metric of the minutes from 70 after noon on."""
    return [
        {"timestamp": (NOON + timedelta(minutes=70 + n)).isoformat(), "metric": metric, "value": v}
        for n, v in enumerate(values)
    ]


def test_an_ordinary_minute_is_normal_and_a_burst_is_not() -> None:
    """A model of an ordinary hour detects a hundredfold burst, and no other minute."""
    assert learn("acme")["trained"] is True
    records = [record(70, 103) for _ in range(5)] + [record(71, 10_000) for _ in range(500)]
    found = detect("acme", records=records)
    assert {one["timestamp"] for one in found["anomalies"]} == {"2026-01-01T13:11:00+00:00"}
    assert {one["metric"] for one in found["anomalies"]} == {"records", "octets"}
    assert found["models"] == {"records": 1, "octets": 1}
    assert (found["records"], found["accepted"], found["rejected"]) == (505, 505, 0)


def test_a_finding_is_explained() -> None:
    """A finding has the observed and the expected value, the reason and its model's version."""
    learn("acme")
    (found,) = detect("acme", metrics=minutes_of(5, 500))["anomalies"]
    assert found["observed"] == 500
    assert found["expected"] == 5
    assert found["score"] >= 0.5
    assert found["model"] == 1
    assert found["reason"].endswith("above the median of 61 values: observed 500, expected 5")


def test_an_outlier_in_the_training_data_is_still_detected() -> None:
    """The first day is judged by median and MAD, which are robust against an outlier."""
    with session_scope() as session:
        burst = normalise_batch([record(200, 10**6)] * 300)
        count_batch(session, "acme", burst)
    learn("acme")
    assert len(detect("acme", records=[record(201, 10**6)] * 300)["anomalies"]) == 2


def test_a_minute_that_is_not_over_is_not_too_small() -> None:
    """A batch may hold a part of a minute's records; a metric of a whole minute may be too low."""
    learn("acme", per_minute=400)
    assert detect("acme", records=[record(70, 103)])["anomalies"] == []
    assert len(detect("acme", metrics=minutes_of(1))["anomalies"]) == 1
    batch = [record(minute, 100) for minute in range(12) for _ in range(50)] + [record(12, 100)]
    assert detect("new", records=batch)["anomalies"] == []
    counts = [50.0] * 12 + [1.0]
    assert len(detect("new", metrics=minutes_of(*counts))["anomalies"]) == 1


def test_a_tenant_is_judged_by_its_own_model() -> None:
    """A burst of one tenant is normal for a larger network, and for a tenant without a model."""
    learn("small")
    learn("large", per_minute=400)
    for tenant_id, anomalies in (("small", 2), ("large", 0), ("new", 0)):
        found = detect(tenant_id, records=[record(70, 103)] * 400)
        assert len(found["anomalies"]) == anomalies, tenant_id


def test_without_a_model_the_baseline_judges() -> None:
    """A value that is far from the median of all values of the call is found, wherever it is."""
    values = [100.0 + n % 5 for n in range(30)]
    values[3] = 900.0
    (found,) = detect("new", metrics=minutes_of(*values, metric="logins"))["anomalies"]
    assert found["timestamp"] == "2026-01-01T13:13:00+00:00"
    assert (found["metric"], found["model"], found["expected"]) == ("logins", None, 102)
    assert "robust standard deviations above the median of 30 values" in found["reason"]


def test_numbers_and_objects_are_metrics() -> None:
    """The seed system passes a list; numbers and objects of fields are accepted, too."""
    numbers = [5.0] * 20 + [5000.0]
    assert len(detect("new", metrics=numbers)["anomalies"]) == 1
    fields = [{"bytes_in": number, "host": "a"} for number in numbers]
    assert detect("new", metrics=fields)["anomalies"][0]["metric"] == "bytes_in"


def test_invalid_metrics_are_counted_and_do_not_fail_the_others() -> None:
    """Each problem has a count by its kind."""
    found = detect("new", metrics=[2.0, "many", None, {"host": "a"}, *[2.0] * 12, 900.0])
    assert found["problems"] == {
        "not a number": 1, "no value and no numeric field": 1, "no value": 1,
    }  # fmt: skip
    assert found["data_points"] == 17
    assert len(found["anomalies"]) == 1


def test_detection_logs_its_start_and_its_end() -> None:
    """Both lines have the tenant and the number of data points, and no value."""
    with capture_logs() as lines:
        detect("acme", metrics=[5.0] * 20 + [5000.0])
    events = {line["event"]: line for line in lines}
    assert list(events) == [
        "anomaly_detection_started", "anomalies_detected", "anomaly_detection_finished",
    ]  # fmt: skip
    for name in ("anomaly_detection_started", "anomaly_detection_finished"):
        assert events[name]["tenant_id"] == "acme"
        assert events[name]["data_points"] == 21
    assert events["anomaly_detection_finished"]["anomalies"] == 1
