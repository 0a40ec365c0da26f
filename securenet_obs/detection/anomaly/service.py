"""Trains a tenant's anomaly model (median, MAD), stores it, and detects anomalous minutes."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import select

from securenet_obs.detection.effects import Effect
from securenet_obs.detection.network.batch import Batch, normalise_batch
from securenet_obs.detection.network.minutes import Minute
from securenet_obs.store import AnomalyModel, NetworkMinute, lock_tenant, session_scope

MIN_MINUTES = 10
"""Minimum number of minutes that a model is trained on."""

THRESHOLD = 6.0
"""Robust standard deviations from the median beyond which a minute is an anomaly."""

METRICS = ("records", "octets")

# Converts a median absolute deviation to the standard deviation of a normal distribution.
_MAD_TO_SIGMA = 1.4826

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Anomaly:
    """An anomalous metric of one minute; `score` is in robust standard deviations."""

    minute: datetime
    metric: str
    observed: float
    usual: float
    score: float

    def as_json(self) -> dict[str, Any]:
        """Return the anomaly as JSON values."""
        return {
            "minute": self.minute.isoformat(),
            "metric": self.metric,
            "observed": self.observed,
            "usual": self.usual,
            "score": round(self.score, 2),
        }


class AnomalyDetector:
    """Trains a tenant's model of normal minutes, and detects anomalies with it."""

    def retrain_model(self, tenant_id: str, window: str | None = None) -> dict[str, Any]:
        """Fit the tenant's model to the minutes in the store, and store it.

        Args:
            tenant_id: owner of the minutes.
            window: the slot of a schedule, or any other key; if the store has a result for it, that
                result is returned and the model is not stored again.

        Returns:
            `tenant_id`, `trained`, `minutes` (their number), and either `model` (median and
            scale of each metric) or the `reason` why the model was not trained.
        """
        effect = Effect(tenant_id, "retrain_anomaly_model", window or uuid.uuid4().hex)
        with session_scope() as session:
            if (earlier := effect.earlier_result(session)) is not None:
                return earlier
            rows = session.execute(
                select(NetworkMinute.records, NetworkMinute.octets)
                .where(NetworkMinute.tenant_id == tenant_id)
                .order_by(NetworkMinute.minute)
            ).all()
        result = _train(tenant_id, [tuple(row) for row in rows])
        with session_scope() as session:
            lock_tenant(session, tenant_id)
            if effect.claim(session, result) and result["trained"]:
                now, model = datetime.now(UTC), result["model"]
                session.merge(AnomalyModel(tenant_id=tenant_id, trained_at=now, parameters=model))
        if result["trained"]:
            _log.info("anomaly_model_trained", minutes=len(rows))
        return result

    def detect(self, tenant_id: str, minutes: Mapping[datetime, Minute]) -> list[Anomaly]:
        """Return the anomalies among minutes; empty while the tenant has no model."""
        with session_scope() as session:
            model = session.get(AnomalyModel, tenant_id)
        if model is None:
            return []
        return list(_detect(model.parameters, minutes))


class ThreatDetectionService:
    """Detects anomalies in network data."""

    def __init__(self, detector: AnomalyDetector | None = None) -> None:
        self._detector = detector or AnomalyDetector()

    def detect_anomaly(self, network_data: Mapping[str, Any]) -> dict[str, Any]:
        """Detect anomalies in a tenant's records with its model.

        Args:
            network_data: `tenant_id`, and `records` in any format that `normalise_batch` reads.

        Returns:
            `records`, `accepted`, `rejected` (counts), and `anomalies`, a list of objects.
        """
        tenant_id, records = str(network_data["tenant_id"]), list(network_data["records"])
        batch = normalise_batch(records)
        return {
            "records": len(records),
            "accepted": len(batch.accepted),
            "rejected": batch.rejected.total(),
            "anomalies": self.detect_in_batch(tenant_id, batch),
        }

    def detect_in_batch(self, tenant_id: str, batch: Batch) -> list[dict[str, Any]]:
        """Return the anomalies of a normalised batch as JSON values."""
        _log.info("anomaly_detection_started", records=len(batch.accepted))
        anomalies = self._detector.detect(tenant_id, batch.minutes())
        if anomalies:
            _log.warning("anomalies_detected", anomalies=len(anomalies))
        return [anomaly.as_json() for anomaly in anomalies]


def _train(tenant_id: str, rows: list[tuple[int, ...]]) -> dict[str, Any]:
    summary = {"tenant_id": tenant_id, "minutes": len(rows)}
    if len(rows) < MIN_MINUTES:
        reason = f"{MIN_MINUTES} minutes of metrics are needed"
        return {**summary, "trained": False, "reason": reason}
    return {**summary, "trained": True, "model": _fit(rows)}


def _fit(rows: list[tuple[int, ...]]) -> dict[str, Any]:
    # pandas takes half a second to import, and only this task needs it.
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(METRICS), dtype="float64")
    median = frame.median()
    deviation = (frame - median).abs().median() * _MAD_TO_SIGMA
    # If more than half of the minutes are equal, the deviation is 0; use a tenth of the median.
    scale = deviation.where(deviation > 0, median.abs() * 0.1).clip(lower=1.0)
    return {
        metric: {"median": float(median[metric]), "scale": float(scale[metric])}
        for metric in METRICS
    }


def _detect(model: Mapping[str, Any], minutes: Mapping[datetime, Minute]) -> Iterable[Anomaly]:
    for moment, minute in minutes.items():
        for metric in METRICS:
            observed, usual = float(getattr(minute, metric)), model[metric]["median"]
            score = (observed - usual) / model[metric]["scale"]
            if abs(score) > THRESHOLD:
                yield Anomaly(moment, metric, observed, usual, score)
