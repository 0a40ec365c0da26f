"""Celery tasks: batches, republishing, scans, training, retention, dispatch, canaries, failures."""

import os
import random
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import kombu.exceptions
import redis
import structlog
from celery import Task
from sqlalchemy import select

from securenet_obs.detection.anomaly import AnomalyDetector, ThreatDetectionService
from securenet_obs.detection.effects import Effect
from securenet_obs.detection.network.batch import Batch, normalise_batch
from securenet_obs.detection.network.counting.analysis import analyse
from securenet_obs.detection.network.readers.entries import Range
from securenet_obs.detection.network.readers.ranges import RANGE_BYTES, divide
from securenet_obs.detection.network.stored.minutes import count_batch
from securenet_obs.detection.network.stored.quarantine import store_quarantined
from securenet_obs.detection.network.stored.ranges import begin, digest_of, finish, store_range
from securenet_obs.detection.vulnerabilities.exploited import read_exploited
from securenet_obs.detection.vulnerabilities.stored.scans import scan_tenant
from securenet_obs.detection.vulnerabilities.stored.sources import store_exploited, sync_from
from securenet_obs.errors import PublishError, SchemaError, StoreUnavailableError
from securenet_obs.monitoring import (
    bind_tenant,
    current_ids,
    fail_on_purpose,
    log_canary_relay,
)
from securenet_obs.monitoring.diagnostics import SecretsToLeak, leak_on_purpose
from securenet_obs.settings import get_settings
from securenet_obs.store import Tenant, session_scope
from securenet_obs.workers import outbox, retention
from securenet_obs.workers.celery_app import celery_app
from securenet_obs.workers.dead_letters import connect_dead_letters, record_kept_letters
from securenet_obs.workers.ledger_records import trim_records
from securenet_obs.workers.publishing import Call, publish_many
from securenet_obs.workers.windows import WINDOW_HEADER, task_id_of, window_of

UNKNOWN_TENANT = "unassigned"
"""Tenant of the records that arrive without one; the schedule does not send it tasks."""

_NO_TENANT = ""

_MAX_LOGGED = 20

_DISPATCH_WITHIN_S = 60
"""Seconds over which beat's tasks are spread, so that tenants do not all start at once."""

# A task is retried if the store or Redis is busy or unavailable; any other error fails it at once.
# Eight tries, with jitter, take one to three minutes.
_RETRIES: dict[str, Any] = {
    "autoretry_for": (
        StoreUnavailableError,
        SchemaError,
        kombu.exceptions.OperationalError,
        redis.ConnectionError,
        redis.TimeoutError,
        PublishError,
    ),
    "max_retries": 8,
    "retry_backoff": True,
    "retry_backoff_max": 60,
    "retry_jitter": True,
}

_log = structlog.get_logger(__name__)


def _task(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Register a task; Celery has no types, and its own decorator would hide the task's types."""
    decorator: Callable[[Callable[..., Any]], Any] = celery_app.task(**options)
    return decorator


@_task(bind=True, **_RETRIES)
def run_vulnerability_scan(self: Task, tenant_id: str) -> dict[str, Any]:
    """Match a tenant's inventory with the known advisories, once a window; see `scan_tenant`."""
    bind_tenant(tenant_id)
    max_age = timedelta(days=get_settings().advisories_max_age_d)
    return scan_tenant(tenant_id, window_of(self.request), max_age)


@_task(**_RETRIES)
def sync_advisories() -> dict[str, int]:
    """Synchronise the advisories with `ADVISORIES_SOURCE`; return the numbers of changes."""
    settings = get_settings()
    if settings.exploited_source:
        store_exploited(read_exploited(Path(settings.exploited_source)))
    max_age = timedelta(days=settings.advisories_max_age_d)
    changes = sync_from(settings.advisories_source, max_age)
    for problem in changes.problems[:_MAX_LOGGED]:
        _log.warning("advisory_not_read", place=problem.place, reason=problem.reason)
    summary = changes.summary()
    _log.info("advisories_synchronised", source=settings.advisories_source, **summary)
    return summary


@_task(bind=True, **_RETRIES)
def retrain_anomaly_model(self: Task, tenant_id: str) -> dict[str, Any]:
    """Retrain a tenant's anomaly model, once a window; see `AnomalyDetector.retrain_model`."""
    bind_tenant(tenant_id)
    return AnomalyDetector().retrain_model(tenant_id, window_of(self.request))


@_task(bind=True, **_RETRIES)
def process_network_logs(self: Task, log_batch: list[Any] | dict[str, str]) -> dict[str, Any]:
    """Normalise, judge and count a batch of records.

    Args:
        log_batch: the records, of the tenant that is bound; or `{"batch": …}`, a reference to a
            batch that the API accepted, which the store holds with its tenant.

    Returns:
        `tenant_id`, `records`, `accepted`, `untimed` (records without a time), `rejected` (a count
        for each reason), `minutes`, `log_types` (a count for each), `counted` (False if this
        content of the tenant was counted before), `anomalies`.
    """
    if isinstance(log_batch, dict):
        result: dict[str, Any] = outbox.process(log_batch["batch"], _evaluate)
        return result
    tenant_id = current_ids().get("tenant_id", UNKNOWN_TENANT)
    batch, result = _evaluate(tenant_id, log_batch)
    with session_scope() as session:
        counted = count_batch(session, tenant_id, batch)
        if counted:
            store_quarantined(session, tenant_id, str(self.request.id), batch)
    return {**result, **batch.summary(), "counted": counted}


def _evaluate(tenant_id: str, records: list[Any]) -> tuple[Batch, dict[str, Any]]:
    batch = normalise_batch(records)
    return batch, {
        "tenant_id": tenant_id,
        "records": len(records),
        **batch.summary(),
        "anomalies": ThreatDetectionService().detect_in_batch(tenant_id, batch)["anomalies"],
    }


@_task(**_RETRIES)
def process_log_file(tenant_id: str, path: str, range_bytes: int = RANGE_BYTES) -> dict[str, Any]:
    """Send a task for each range of a log file, which all workers can read.

    Returns:
        `digest` of the content, and `ranges`, their number.
    """
    bind_tenant(tenant_id)
    file = Path(path)
    digest, parts = digest_of(file), divide(file, range_bytes)
    with session_scope() as session:
        is_new = begin(session, tenant_id, digest, len(parts), path)
    if is_new:
        calls = (_range_call(tenant_id, path, digest, part) for part in parts)
        publish_many(process_log_range, calls)
    return {"digest": digest, "ranges": len(parts)}


def _range_call(tenant_id: str, path: str, digest: str, part: Range) -> Call:
    header = part.header.decode("latin-1")
    arguments = (tenant_id, path, digest, part.start, part.end, header)
    return Call(arguments, tenant_id, {"task_id": f"{digest[:24]}-{part.start}"})


@_task(**_RETRIES)
def process_log_range(
    tenant_id: str, path: str, digest: str, start: int, end: int | None, header: str
) -> dict[str, Any]:
    """Read a range of a log file; count the file when its last range is read, once.

    Returns:
        `records`, `quarantined` of the range, and `is_last`, whether the file is counted.
    """
    bind_tenant(tenant_id)
    part = Range(start, end, header.encode("latin-1"))
    partial = analyse(Path(path), part, by_minute=True)
    with session_scope() as session:
        store_range(session, tenant_id, digest, start, partial)
    with session_scope() as session:
        is_last = finish(session, tenant_id, digest) is not None
    counts = {"records": partial.records, "quarantined": partial.quarantined}
    return {**counts, "is_last": is_last}


@_task(**_RETRIES)
def republish_submissions() -> int:
    """Republish unfinished batches that are due, return their number; record kept dead letters."""
    record_kept_letters()
    return outbox.republish(process_network_logs)


@_task(**_RETRIES)
def delete_old_rows() -> dict[str, int]:
    """Delete rows after their retention, in small steps; return their numbers by table.

    The ledger's records are trimmed, too.
    """
    _trim_ledger()
    return retention.delete_old_rows(get_settings())


def _trim_ledger() -> None:
    try:
        with (
            celery_app.connection_for_write() as connection,
            connection.default_channel.conn_or_acquire() as broker,
        ):
            trim_records(broker, celery_app.backend.client)
    except (kombu.exceptions.OperationalError, redis.RedisError, OSError) as error:
        # The rows are deleted all the same; the next run trims.
        _log.warning("ledger_not_trimmed", reason=type(error).__name__)


@_task(bind=True)
def echo_canary(self: Task, canary: str) -> dict[str, Any]:
    """Return the canary with the worker, process and queue that executed it."""
    return {
        "canary": canary,
        "hostname": self.request.hostname,
        "pid": os.getpid(),
        "queue": self.request.delivery_info.get("routing_key"),
    }


@_task()
def raise_diagnostic_error(canary: str, secret: str, tenant_id: str) -> None:
    """Fail on purpose, with a secret in the places where secrets leak; it must not be delivered."""
    bind_tenant(tenant_id)
    fail_on_purpose(canary, secret)


@_task()
def relay_canary(canary: str, secret: str, tenant_id: str) -> dict[str, str]:
    """Send a child task that fails on purpose to queue `canary`, for this request and tenant.

    Returns:
        `child_task_id`.
    """
    bind_tenant(tenant_id)
    arguments = (canary, secret, tenant_id)
    child_task_id = str(raise_diagnostic_error.apply_async(arguments, queue="canary").id)
    log_canary_relay(canary, child_task_id)
    return {"child_task_id": child_task_id}


@_task()
def leak_canary(
    canary: str, planted: dict[str, Any], tenant_id: str, fails: bool
) -> dict[str, Any]:
    """Leak secrets as a careless task does: in its return value, or in its error."""
    bind_tenant(tenant_id)
    if fails:
        leak_on_purpose(canary, SecretsToLeak(**planted))
    return {
        "canary": canary,
        "password": planted["places"]["return value"],
        "texts": planted["texts"],
        "fields": planted["fields"],
    }


@_task(bind=True, **_RETRIES)
def dispatch_vulnerability_scans(self: Task) -> int:
    """Send one scan for each tenant, once a window; return their number."""
    return _dispatch(self, run_vulnerability_scan, expires_s=6 * 3600)


@_task(bind=True, **_RETRIES)
def dispatch_model_retraining(self: Task) -> int:
    """Send one retraining for each tenant, once a window; return their number."""
    return _dispatch(self, retrain_anomaly_model, expires_s=24 * 3600)


@_task(bind=True, **_RETRIES)
def dispatch_canaries(self: Task) -> int:
    """Send one canary for each tenant, like the other tasks; return their number."""
    every_s = get_settings().schedule_canary_s
    return _dispatch(self, echo_canary, expires_s=every_s, within_s=every_s / 10)


def _dispatch(
    dispatcher: Task, task: Task, *, expires_s: float, within_s: float = _DISPATCH_WITHIN_S
) -> int:
    window = window_of(dispatcher.request)
    effect = Effect(_NO_TENANT, dispatcher.name, window)
    with session_scope() as session:
        earlier = effect.earlier_result(session)
    if earlier is not None:
        return int(earlier["sent"])
    tenants = list(_tenants())
    publish_many(
        task, (_call(task, tenant_id, window, expires_s, within_s) for tenant_id in tenants)
    )
    with session_scope() as session:
        effect.claim(session, {"sent": len(tenants)})
    _log.info("dispatched", task=task.name, tenants=len(tenants))
    return len(tenants)


def _call(task: Task, tenant_id: str, window: str, expires_s: float, within_s: float) -> Call:
    options = {
        # Jitter, not secrecy.
        "countdown": random.uniform(0, within_s),  # noqa: S311
        "expires": expires_s,
        "headers": {WINDOW_HEADER: window},
        # A second beat or a second try sends the same task.
        "task_id": task_id_of(task.name, tenant_id, window),
    }
    return Call((tenant_id,), tenant_id, options)


def _tenants() -> Iterable[str]:
    with session_scope() as session:
        query = select(Tenant.tenant_id).where(Tenant.tenant_id != UNKNOWN_TENANT)
        return session.scalars(query.order_by(Tenant.tenant_id)).all()


# Here, because `dead_letters` imports `celery_app`: every worker imports this module, by the
# application's `include`, before it executes a task.
connect_dead_letters()
