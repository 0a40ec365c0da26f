"""Anomaly models in the store: versions of each metric, of which one at most is promoted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from securenet_obs.detection.anomaly.histories import History
from securenet_obs.detection.anomaly.series.detector import SeriesDetector
from securenet_obs.store import AnomalyModel, AnomalyModelVersion, ensure_tenant, lock_tenant

KEEP_VERSIONS = 8
"""Number of versions of a metric that are kept."""


@dataclass(frozen=True)
class TrainedModel:
    """A model of one metric: the state of a detector that has learned the history."""

    detector: SeriesDetector
    history: History
    held_back_error: float
    promoted: bool


class ModelKey(NamedTuple):
    """Key of a version of a metric's model in the store."""

    tenant_id: str
    metric: str
    version: int


class PromotedModel(NamedTuple):
    """A model in force; `last_at` is the time of the last value that it has learned."""

    version: int
    detector: SeriesDetector
    last_at: datetime
    trained_at: datetime


def promoted_versions(session: Session, tenant_id: str) -> dict[str, int]:
    """Return the promoted version of each metric of a tenant."""
    row = session.get(AnomalyModel, tenant_id)
    versions: Mapping[str, int] = row.parameters.get("versions", {}) if row else {}
    return dict(versions)


def alarm_budget(session: Session, tenant_id: str) -> float | None:
    """Return the alarms a week that a tenant has asked for in each metric; None without a wish."""
    row = session.get(AnomalyModel, tenant_id)
    return row.parameters.get("alarms_per_week") if row else None


def set_alarm_budget(session: Session, tenant_id: str, per_week: float | None) -> None:
    """Store the alarms a week that a tenant asks for; the next training uses them."""
    ensure_tenant(session, tenant_id)
    lock_tenant(session, tenant_id)
    _store_parameters(session, tenant_id, alarms_per_week=per_week)


def _store_parameters(session: Session, tenant_id: str, **changes: Any) -> None:
    row = session.get(AnomalyModel, tenant_id, populate_existing=True)
    parameters = {**(row.parameters if row else {}), **changes}
    now = datetime.now(UTC)
    session.merge(AnomalyModel(tenant_id=tenant_id, trained_at=now, parameters=parameters))


def load_models(session: Session, tenant_id: str) -> dict[str, PromotedModel]:
    """Return the promoted model of each metric of a tenant."""
    versions = promoted_versions(session, tenant_id)
    keys = (ModelKey(tenant_id, metric, version) for metric, version in versions.items())
    models = {key.metric: load_model(session, key) for key in keys}
    return {metric: model for metric, model in models.items() if model is not None}


def load_model(session: Session, key: ModelKey) -> PromotedModel | None:
    """Return a version of a model; None if it does not exist."""
    row = session.get(AnomalyModelVersion, key)
    if row is None:
        return None
    detector = SeriesDetector.restored(row.content)
    return PromotedModel(row.version, detector, row.last_at, row.trained_at)


def trained_at(session: Session, key: ModelKey) -> datetime | None:
    """Return when a version of a model was trained; None if it does not exist."""
    table = AnomalyModelVersion
    return session.scalar(
        select(table.trained_at).where(
            table.tenant_id == key.tenant_id,
            table.metric == key.metric,
            table.version == key.version,
        )
    )


def store_models(
    session: Session, tenant_id: str, models: Mapping[str, TrainedModel]
) -> dict[str, int]:
    """Store models as new versions, promote those that are to be, return the new versions."""
    new = {metric: _store(session, tenant_id, metric, model) for metric, model in models.items()}
    promoted = promoted_versions(session, tenant_id)
    promoted |= {metric: new[metric] for metric, model in models.items() if model.promoted}
    for metric, version in new.items():
        _delete_old(session, tenant_id, metric, {version, promoted.get(metric, version)})
    _store_parameters(session, tenant_id, versions=promoted)
    return new


def _store(session: Session, tenant_id: str, metric: str, model: TrainedModel) -> int:
    table = AnomalyModelVersion
    newest = select(func.max(table.version)).where(
        table.tenant_id == tenant_id, table.metric == metric
    )
    version = (session.scalar(newest) or 0) + 1
    readings = model.history.readings
    row = table(
        tenant_id=tenant_id,
        metric=metric,
        version=version,
        trained_at=datetime.now(UTC),
        first_at=readings[0].at,
        last_at=readings[-1].at,
        points=len(readings),
        data_digest=model.history.digest(),
        held_back_error=model.held_back_error,
        promoted=model.promoted,
        content=model.detector.as_json(),
    )
    session.add(row)
    session.flush()
    return version


def _delete_old(session: Session, tenant_id: str, metric: str, keep: set[int]) -> None:
    table = AnomalyModelVersion
    of_metric = (table.tenant_id == tenant_id, table.metric == metric)
    old = select(table.version).where(*of_metric, table.version.not_in(keep))
    versions = session.scalars(old.order_by(table.version.desc()).offset(KEEP_VERSIONS - 2)).all()
    session.execute(delete(table).where(*of_metric, table.version.in_(versions)))


def as_json(version: int, model: TrainedModel) -> dict[str, Any]:
    """Return the description of a stored model as JSON values."""
    readings = model.history.readings
    return {
        "version": version,
        "promoted": model.promoted,
        "first_at": readings[0].at.isoformat(),
        "last_at": readings[-1].at.isoformat(),
        "points": len(readings),
        "data_digest": model.history.digest(),
        "held_back_error": model.held_back_error,
        "notes": model.history.notes,
    }
