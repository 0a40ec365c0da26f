"""The tasks: thin over detection/, which knows nothing of Celery."""

import os
import random
from collections.abc import Callable, Iterable
from typing import Any

from celery import Task
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from securenet_obs.detection.anomaly import AnomalyDetector, ThreatDetectionService
from securenet_obs.detection.network_logs import count_batch, normalise_batch
from securenet_obs.detection.vulnerabilities import scan_tenant
from securenet_obs.monitoring import bind_tenant, current_ids, fail_on_purpose, for_tenant
from securenet_obs.store import Tenant, session_scope
from securenet_obs.workers.celery_app import celery_app

UNKNOWN_TENANT = "unassigned"
"""Whose records are those that came without a tenant."""

_DISPATCH_WITHIN_S = 60
"""Seconds over which beat's tasks are spread, so that tenants do not all start at once."""

# A busy database is worth another try; everything else fails at once with its own error.
_RETRIES: dict[str, Any] = {
    "autoretry_for": (OperationalError,),
    "max_retries": 3,
    "retry_backoff": True,
    "retry_backoff_max": 30,
}


def _task(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Register a task; Celery has no types, and its decorator would hide ours."""
    decorator: Callable[[Callable[..., Any]], Any] = celery_app.task(**options)
    return decorator


@_task(**_RETRIES)
def run_vulnerability_scan(tenant_id: str) -> dict[str, Any]:
    """Match a tenant's inventory with the known advisories; see `scan_tenant`."""
    bind_tenant(tenant_id)
    return scan_tenant(tenant_id)


@_task(**_RETRIES)
def retrain_anomaly_model(tenant_id: str) -> dict[str, Any]:
    """Learn anew what is normal for a tenant; see `AnomalyDetector.retrain_model`."""
    bind_tenant(tenant_id)
    return AnomalyDetector().retrain_model(tenant_id)


@_task(bind=True, **_RETRIES)
def process_network_logs(self: Task, log_batch: list[Any]) -> dict[str, Any]:
    """Normalise, count and judge a batch of records; the tenant comes with the correlation.

    Returns:
        `tenant_id`, `records`, `accepted`, `rejected` (a count for each reason), `minutes`,
        `counted` (False if a delivery before this one already counted the batch), `anomalies`.
    """
    tenant_id = current_ids().get("tenant_id", UNKNOWN_TENANT)
    batch = normalise_batch(log_batch)
    with session_scope() as session:
        counted = count_batch(session, tenant_id, str(self.request.id), batch)
    detected = ThreatDetectionService().detect_anomaly(
        {"tenant_id": tenant_id, "records": log_batch}
    )
    return {
        "tenant_id": tenant_id,
        "records": len(log_batch),
        "accepted": len(batch.accepted),
        "rejected": dict(batch.rejected),
        "minutes": len(batch.minutes()),
        "counted": counted,
        "anomalies": detected["anomalies"],
    }


@_task(bind=True)
def echo_canary(self: Task, canary: str) -> dict[str, Any]:
    """Return the canary and who executed this, from which queue."""
    return {
        "canary": canary,
        "hostname": self.request.hostname,
        "pid": os.getpid(),
        "queue": self.request.delivery_info.get("routing_key"),
    }


@_task()
def raise_diagnostic_error(canary: str, secret: str, tenant_id: str) -> None:
    """Fail on purpose, with a secret where secrets leak; it must arrive nowhere."""
    bind_tenant(tenant_id)
    fail_on_purpose(canary, secret)


@_task()
def dispatch_vulnerability_scans() -> int:
    """Send one scan a tenant; return how many."""
    return _dispatch(run_vulnerability_scan, expires_s=6 * 3600)


@_task()
def dispatch_model_retraining() -> int:
    """Send one retraining a tenant; return how many."""
    return _dispatch(retrain_anomaly_model, expires_s=24 * 3600)


def _dispatch(task: Task, *, expires_s: int) -> int:
    tenants = list(_tenants())
    for tenant_id in tenants:
        with for_tenant(tenant_id):
            # Jitter, not secrecy.
            countdown = random.uniform(0, _DISPATCH_WITHIN_S)  # noqa: S311
            task.apply_async((tenant_id,), countdown=countdown, expires=expires_s)
    return len(tenants)


def _tenants() -> Iterable[str]:
    with session_scope() as session:
        return session.scalars(select(Tenant.tenant_id).order_by(Tenant.tenant_id)).all()
