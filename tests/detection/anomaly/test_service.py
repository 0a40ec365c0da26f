"""Detection of anomalies."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from securenet_obs.detection.anomaly import MIN_MINUTES, AnomalyDetector, ThreatDetectionService
from securenet_obs.detection.network.batch import normalise_batch
from securenet_obs.detection.network.stored_minutes import count_batch
from securenet_obs.store import NetworkMinute, ensure_tenant, session_scope

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def record(minute: int, octets: int) -> dict[str, Any]:
    """Return a record of a minute after noon."""
    at = (NOON + timedelta(minutes=minute)).isoformat()
    return {"timestamp": at, "src_ip": "10.0.0.1", "dest_ip": "10.0.0.2", "bytes": octets}


def learn(tenant_id: str, *, per_minute: int = 5, minutes: int = 60) -> dict[str, Any]:
    """Count an ordinary hour of a tenant, and train its model."""
    records = [
        record(minute, 100 + minute % 7) for minute in range(minutes) for _ in range(per_minute)
    ]
    with session_scope() as session:
        count_batch(session, tenant_id, normalise_batch(records))
    return AnomalyDetector().retrain_model(tenant_id)


@pytest.mark.usefixtures("empty_store")
def test_an_ordinary_minute_is_normal_and_a_burst_is_not() -> None:
    """A model of an ordinary hour detects a hundredfold burst, and no other minute."""
    assert learn("acme")["trained"] is True
    records = [record(70, 103) for _ in range(5)] + [record(71, 10_000) for _ in range(500)]
    found = ThreatDetectionService().detect_anomaly({"tenant_id": "acme", "records": records})
    assert {anomaly["minute"] for anomaly in found["anomalies"]} == {"2026-01-01T13:11:00+00:00"}
    assert {anomaly["metric"] for anomaly in found["anomalies"]} == {"records", "octets"}


@pytest.mark.usefixtures("empty_store")
def test_an_outlier_in_the_training_data_is_still_detected() -> None:
    """Median and MAD are robust against an outlier in the training data."""
    with session_scope() as session:
        burst = normalise_batch([record(200, 10**6)] * 300)
        count_batch(session, "acme", burst)
    learn("acme")
    found = ThreatDetectionService().detect_anomaly(
        {"tenant_id": "acme", "records": [record(201, 10**6)] * 300}
    )
    assert len(found["anomalies"]) == 2


@pytest.mark.usefixtures("empty_store")
def test_a_tenant_is_judged_by_its_own_model() -> None:
    """A burst of one tenant is normal for a larger network, and for a tenant without a model."""
    learn("small")
    learn("large", per_minute=400)
    records = [record(70, 103)] * 400
    for tenant_id, anomalies in (("small", 2), ("large", 0), ("new", 0)):
        found = ThreatDetectionService().detect_anomaly(
            {"tenant_id": tenant_id, "records": records}
        )
        assert len(found["anomalies"]) == anomalies, tenant_id


@pytest.mark.usefixtures("empty_store")
def test_too_little_data_returns_the_reason() -> None:
    """A tenant with too few minutes gets the reason, not an error."""
    answer = learn("young", minutes=MIN_MINUTES - 1)
    assert answer["trained"] is False
    assert answer["minutes"] == MIN_MINUTES - 1
    assert str(MIN_MINUTES) in answer["reason"]


@pytest.mark.usefixtures("empty_store")
def test_detection_logs_its_start() -> None:
    """`anomaly_detection_started` is logged without the records."""
    with capture_logs() as lines:
        ThreatDetectionService().detect_anomaly({"tenant_id": "acme", "records": [record(0, 1)]})
    assert lines[0]["event"] == "anomaly_detection_started"
    assert lines[0]["records"] == 1


@pytest.mark.usefixtures("empty_store")
def test_a_window_is_trained_once() -> None:
    """A second training for the same window changes nothing; one for the next window does."""
    first = AnomalyDetector().retrain_model("acme", "2026-01-01T02:00Z")
    learn("acme")
    assert AnomalyDetector().retrain_model("acme", "2026-01-01T02:00Z") == first
    assert first["trained"] is False
    assert AnomalyDetector().retrain_model("acme", "2026-01-02T02:00Z")["trained"] is True


def test_concurrent_first_trainings_all_succeed(empty_store: str) -> None:
    """Trainings of different windows store the tenant's first model one after another."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.flush()
        session.add_all(
            NetworkMinute(
                tenant_id="acme", minute=start + timedelta(minutes=n), records=n, octets=n
            )
            for n in range(20)
        )
    detector = AnomalyDetector()
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda n: detector.retrain_model("acme", f"w{n}"), range(18)))
    assert all(result["trained"] for result in results)
