"""Trains a tenant's anomaly models on the store's history; promotes those that are not worse."""

import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from securenet_obs.detection.anomaly.histories import History, is_constant, read_histories
from securenet_obs.detection.anomaly.models import (
    PromotedModel,
    TrainedModel,
    alarm_budget,
    as_json,
    load_models,
    store_models,
)
from securenet_obs.detection.anomaly.readings import Reading
from securenet_obs.detection.anomaly.series.baseline import MIN_VALUES
from securenet_obs.detection.anomaly.series.detector import SeriesDetector
from securenet_obs.detection.effects import Effect
from securenet_obs.store import lock_tenant, session_scope

TASK = "retrain_anomaly_model"

_HELD_BACK_SHARE = 0.2
_HELD_BACK_DAYS = 1.0
_WORSE = 1.05
"""Ratio of the errors from which a new model is worse; a smaller difference is chance."""

_log = structlog.get_logger(__name__)


class AnomalyDetector:
    """Trains the anomaly models of tenants."""

    def retrain_model(self, tenant_id: str, window: str | None = None) -> dict[str, Any]:
        """Train a model of each metric on the minutes in the store, and store it as a new version.

        The newest values, at most a day, are held back: a model whose expectations of them are
        worse than those of the promoted model is stored, but not promoted. Then it learns them.

        Args:
            tenant_id: owner of the minutes.
            window: the slot of a schedule, or any other key; if the store has a result for it, that
                result is returned and nothing is stored again.

        Returns:
            `tenant_id`, `trained` (whether a model was trained), `minutes` (their number),
            `metrics` (the outcome of each), and without a model the `reason`.
        """
        effect = Effect(tenant_id, TASK, window or uuid.uuid4().hex)
        with session_scope() as session:
            if (earlier := effect.earlier_result(session)) is not None:
                return earlier
            histories = read_histories(session, tenant_id)
            promoted = load_models(session, tenant_id)
            per_week = alarm_budget(session, tenant_id)
        models = {
            metric: train(history, promoted.get(metric), per_week)
            for metric, history in histories.items()
            if history.unfit is None
        }
        return _store(effect, histories, models)


def train(
    history: History,
    promoted: PromotedModel | None = None,
    alarms_per_week: float | None = None,
) -> TrainedModel:
    """Train a model on a history; promote it unless the promoted one's error is smaller.

    Both expect the same values, which neither has learned. Without enough of them since the
    promoted model was trained there is no comparison.
    """
    learned, held_back = _split(history.readings)
    if promoted is not None:
        new = [reading for reading in held_back if reading.at > promoted.last_at]
        if len(new) < MIN_VALUES:
            promoted = None
        else:
            learned, held_back = history.readings[: -len(new)], new
    detector = SeriesDetector(alarms_per_week=alarms_per_week)
    for reading in learned:
        detector.judge(reading.at.timestamp(), reading.value)
    error = held_back_error(detector, held_back)
    best = math.inf if promoted is None else held_back_error(promoted.detector, held_back)
    return TrainedModel(detector, history, error, error <= _WORSE * best)


def held_back_error(detector: SeriesDetector, readings: Sequence[Reading]) -> float:
    """Return the mean distance of values from the expected ones; the detector learns them."""
    distances = []
    for at, value in readings:
        expected = detector.expected(at.timestamp())
        if expected is not None and value is not None:
            distances.append(abs(value - expected))
        detector.judge(at.timestamp(), value)
    return sum(distances) / max(1, len(distances))


def _split(readings: Sequence[Reading]) -> tuple[Sequence[Reading], Sequence[Reading]]:
    """Return the values to learn first, and those to hold back: a fifth, at most a day."""
    newest = readings[-1].at
    first = len(readings) - max(1, round(_HELD_BACK_SHARE * len(readings)))
    while (newest - readings[first].at).total_seconds() > _HELD_BACK_DAYS * 86_400:
        first += 1
    return readings[:first], readings[first:]


def _store(
    effect: Effect, histories: Mapping[str, History], models: Mapping[str, TrainedModel]
) -> dict[str, Any]:
    """Store the models and the result, unless another training has stored the result."""
    with session_scope() as session:
        # First of all: from its first write on, SQLite lets no other transaction write.
        if not effect.claim(session, {}):
            return effect.earlier_result(session) or {}
        lock_tenant(session, effect.tenant_id)
        versions = store_models(session, effect.tenant_id, models) if models else {}
        result = _result(effect.tenant_id, histories, models, versions)
        effect.complete(session, result)
    for metric, outcome in result["metrics"].items():
        _log.info("anomaly_model_trained", metric=metric, outcome=outcome["outcome"])
    return result


def _result(
    tenant_id: str,
    histories: Mapping[str, History],
    models: Mapping[str, TrainedModel],
    versions: Mapping[str, int],
) -> dict[str, Any]:
    metrics = {
        metric: {"outcome": "unfit", "reason": history.unfit, "notes": history.notes}
        for metric, history in histories.items()
    }
    for metric, model in models.items():
        metrics[metric] = {"outcome": _outcome(model), **as_json(versions[metric], model)}
    result = {
        "tenant_id": tenant_id,
        "trained": bool(models),
        "minutes": max(len(history.readings) for history in histories.values()),
        "metrics": metrics,
    }
    if not models:
        result["reason"] = next(str(history.unfit) for history in histories.values())
    return result


def _outcome(model: TrainedModel) -> str:
    if not model.promoted:
        return "kept: its error on the held-back values is larger"
    return "promoted: constant" if is_constant(model.history) else "promoted"
