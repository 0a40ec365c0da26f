"""Detects anomalies in a tenant's metrics or network records, with its models or the baseline."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.orm import Session

from securenet_obs.detection.anomaly.continuation import Continuation, continue_model
from securenet_obs.detection.anomaly.histories import METRICS
from securenet_obs.detection.anomaly.models import (
    ModelKey,
    PromotedModel,
    load_models,
    promoted_versions,
)
from securenet_obs.detection.anomaly.readings import Reading, Readings, read_metrics
from securenet_obs.detection.anomaly.series.baseline import LIMIT, distance
from securenet_obs.detection.anomaly.series.reasons import explain_distance
from securenet_obs.detection.anomaly.series.window import Window
from securenet_obs.detection.network.batch import Batch, normalise_batch
from securenet_obs.detection.network.counting.minutes import Minute
from securenet_obs.detection.network.stored.minutes import is_counted
from securenet_obs.store import session_scope

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Finding:
    """An anomaly of a metric; `model` is the version that found it, None for the baseline."""

    metric: str
    at: datetime
    observed: float
    expected: float
    score: float
    reason: str
    model: int | None

    def as_json(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return {
            "metric": self.metric,
            "timestamp": self.at.isoformat(),
            "observed": self.observed,
            "expected": round(self.expected, 6),
            "score": round(self.score, 4),
            "reason": self.reason,
            "model": self.model,
        }


class ThreatDetectionService:
    """Detects anomalies in network data."""

    def detect_anomaly(self, network_data: Mapping[str, Any]) -> dict[str, Any]:
        """Detect anomalies with the tenant's models; without one, with the robust baseline.

        Args:
            network_data: `tenant_id`, and `metrics` (see `read_metrics`) or `records` in any
                format that `normalise_batch` reads.

        Returns:
            `data_points` (the number of metrics, or of accepted records), `anomalies` (objects, see
            `Finding`) and `models` (the version of each model); of metrics also `problems` (a count
            for each kind), of records `records`, `accepted` and `rejected`.
        """
        tenant_id = str(network_data["tenant_id"])
        if "records" not in network_data:
            metrics = list(network_data["metrics"])
            readings = read_metrics(metrics)
            found = _logged(tenant_id, len(metrics), lambda: _judge_metrics(tenant_id, readings))
            return {**found, "problems": dict(readings.problems)}
        records = list(network_data["records"])
        batch = normalise_batch(records)
        return {
            "records": len(records),
            "accepted": len(batch.accepted),
            "rejected": batch.rejected.total(),
            **self.detect_in_batch(tenant_id, batch),
        }

    def detect_in_batch(self, tenant_id: str, batch: Batch) -> dict[str, Any]:
        """Detect anomalies in a normalised batch; return `data_points`, `anomalies`, `models`.

        A minute is judged together with the minutes that the store has, so that it does not matter
        how records are divided into batches. Without a model, the batch's minutes are compared with
        each other. Of a minute that is not over, only a rise is an anomaly.
        """
        return _logged(tenant_id, len(batch.accepted), lambda: _judge_batch(tenant_id, batch))


def _logged(
    tenant_id: str, data_points: int, judge: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    _log.info("anomaly_detection_started", tenant_id=tenant_id, data_points=data_points)
    result = judge()
    found = len(result["anomalies"])
    if found:
        _log.warning("anomalies_detected", tenant_id=tenant_id, anomalies=found)
    _log.info(
        "anomaly_detection_finished",
        tenant_id=tenant_id,
        data_points=data_points,
        anomalies=found,
    )
    return {"data_points": data_points, **result}


def _judge_metrics(tenant_id: str, readings: Readings) -> dict[str, Any]:
    with session_scope() as session:
        models = load_models(session, tenant_id)
    found = [
        finding
        for metric, series in readings.series.items()
        for finding in _findings(metric, series, models.get(metric))
    ]
    versions = {name: model.version for name, model in models.items() if name in readings.series}
    return _result(found, versions)


def _judge_batch(tenant_id: str, batch: Batch) -> dict[str, Any]:
    minutes = batch.minutes()
    with session_scope() as session:
        counted = is_counted(session, tenant_id, batch.digest)
        continuations = _continuations(session, tenant_id, minutes)
    found: list[Finding] = []
    for metric in METRICS:
        values = {at: int(getattr(minute, metric)) for at, minute in minutes.items()}
        continuation = continuations.get(metric)
        if continuation is None:
            series = [Reading(at, float(value)) for at, value in values.items()]
            found += _by_baseline(metric, series, rises_only=True)
        else:
            found += _by_continuation(continuation, dict.fromkeys(values, 0) if counted else values)
    versions = {metric: one.key.version for metric, one in continuations.items()}
    return _result(found, versions)


def _continuations(
    session: Session, tenant_id: str, minutes: Mapping[datetime, Minute]
) -> dict[str, Continuation]:
    """Return the continuation of each metric with a model."""
    if not minutes:
        return {}
    versions = promoted_versions(session, tenant_id)
    keys = [ModelKey(tenant_id, name, versions[name]) for name in METRICS if name in versions]
    first, last = min(minutes), max(minutes)
    found = {key.metric: continue_model(session, key, first, last) for key in keys}
    return {metric: one for metric, one in found.items() if one is not None}


def _by_continuation(
    continuation: Continuation, added: Mapping[datetime, int]
) -> Iterator[Finding]:
    metric, version = continuation.key.metric, continuation.key.version
    for at, judgement in continuation.find_anomalies(added).items():
        value = float(continuation.stored.get(at, 0) + added[at])
        expected, score, reason = judgement.expected, judgement.score, judgement.reason
        yield Finding(metric, at, value, expected, score, reason, version)


def _result(found: list[Finding], versions: Mapping[str, int]) -> dict[str, Any]:
    ordered = sorted(found, key=lambda finding: finding.at)
    return {"anomalies": [one.as_json() for one in ordered], "models": dict(versions)}


def _findings(
    metric: str, series: Iterable[Reading], model: PromotedModel | None
) -> Iterator[Finding]:
    if model is None:
        yield from _by_baseline(metric, list(series))
        return
    model.detector.speak()
    for at, value in series:
        judgement = model.detector.judge(at.timestamp(), value)
        if judgement.anomaly and value is not None:
            expected, score, reason = judgement.expected, judgement.score, judgement.reason
            yield Finding(metric, at, value, expected, score, reason, model.version)


def _by_baseline(
    metric: str, series: list[Reading], *, rises_only: bool = False
) -> Iterator[Finding]:
    """Yield the values that are far from the median of all."""
    values = [value for _, value in series if value is not None]
    window = Window(max(1, len(values)), values)
    for at, value in series:
        found = None if value is None else distance(value, window)
        if value is None or found is None or abs(found.sigmas) < LIMIT:
            continue
        if found.sigmas > 0 or not rises_only:
            reason, score = explain_distance(found, value), 1 - 0.5 ** (abs(found.sigmas) / LIMIT)
            yield Finding(metric, at, value, found.median, score, reason, None)
