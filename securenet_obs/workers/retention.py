"""Retention rules: the age at which rows of each table are deleted; a run that applies them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import Settings
from securenet_obs.store import (
    REQUEST,
    DeadLetter,
    Finding,
    IdempotencyKey,
    Inventory,
    LogFile,
    LogRange,
    NetworkMinute,
    ProcessedBatch,
    QuarantinedRecord,
    Submission,
    TaskEffect,
    Tenant,
    VulnerabilityScan,
    session_scope,
)
from securenet_obs.store.retention import delete_older

KEY_RETENTION = timedelta(hours=24)
"""Time for which an idempotency key is kept; after it, the same key names a new batch."""

INTERVAL_S = 600
"""Seconds between two runs."""

RUN_S = 60.0
"""Seconds after which a run leaves the rest to the next one."""

_log = structlog.get_logger(__name__)


def delete_old_rows(settings: Settings, run_s: float = RUN_S) -> dict[str, int]:
    """Delete the rows that are older than the settings allow; return their numbers by table.

    The batch of a dead letter is kept as long as the letter. A tenant's current inventory is kept,
    and the one of its last scan, with which the next scan explains why a finding is new.

    Raises:
        StoreUnavailableError: the store did not do a step; the next run continues.
    """
    deadline = Deadline.after(run_s)
    deleted: dict[str, int] = {}
    for table, age, conditions in _rules(settings):
        number = delete_older(table, age, *conditions, deadline=deadline)
        deleted[table.__tablename__] = deleted.get(table.__tablename__, 0) + number
    if any(deleted.values()):
        _log.info("old_rows_deleted", **deleted)
    return deleted


def _rules(settings: Settings) -> Iterator[tuple[Any, Any, tuple[Any, ...]]]:
    """Yield tables, their columns of age, and the conditions of old rows."""
    now = datetime.now(UTC)
    yield from _rules_of_batches(settings, now)
    yield from _rules_of_minutes(now - timedelta(days=settings.retention_minutes_d))
    findings = now - timedelta(days=settings.retention_findings_d)
    yield Finding, Finding.resolved_at, (Finding.resolved_at < findings,)
    replaced = now - timedelta(days=settings.retention_inventories_d)
    yield Inventory, Inventory.imported_at, (_is_replaced_since(replaced), ~_is_last_scanned())


def _rules_of_minutes(oldest: datetime) -> Iterator[tuple[Any, Any, tuple[Any, ...]]]:
    """Yield a rule for each tenant: the primary key has the minutes in order within a tenant."""
    with session_scope(REQUEST) as session:
        tenants = session.scalars(select(Tenant.tenant_id)).all()
    for tenant_id in tenants:
        of_tenant = NetworkMinute.tenant_id == tenant_id
        yield NetworkMinute, NetworkMinute.minute, (of_tenant, NetworkMinute.minute < oldest)


def _is_replaced_since(moment: datetime) -> Any:
    """Return the condition that a later inventory of the tenant is older than a moment."""
    later = aliased(Inventory)
    return exists().where(
        later.tenant_id == Inventory.tenant_id,
        later.number > Inventory.number,
        later.imported_at < moment,
    )


def _is_last_scanned() -> Any:
    """Return the condition that the next scan compares its inventory with this one."""
    scan = VulnerabilityScan
    return exists().where(
        scan.tenant_id == Inventory.tenant_id, scan.inventory_number == Inventory.number
    )


def _rules_of_batches(
    settings: Settings, now: datetime
) -> Iterator[tuple[Any, Any, tuple[Any, ...]]]:
    results, effects, processed, letters = (
        now - timedelta(days=days)
        for days in (
            settings.retention_results_d,
            settings.retention_effects_d,
            settings.retention_processed_d,
            settings.retention_dead_letters_d,
        )
    )
    yield Submission, Submission.finished_at, (Submission.finished_at < results,)
    yield QuarantinedRecord, QuarantinedRecord.at, (QuarantinedRecord.at < results,)
    yield LogFile, LogFile.started_at, (LogFile.started_at < processed,)
    is_its_range = LogFile.tenant_id == LogRange.tenant_id, LogFile.digest == LogRange.digest
    yield LogRange, LogRange.start, (~exists().where(*is_its_range),)
    yield TaskEffect, TaskEffect.at, (TaskEffect.at < effects,)
    yield ProcessedBatch, ProcessedBatch.processed_at, (ProcessedBatch.processed_at < processed,)
    expired = IdempotencyKey.created_at < now - KEY_RETENTION
    yield IdempotencyKey, IdempotencyKey.created_at, (expired,)
    yield DeadLetter, DeadLetter.last_at, (DeadLetter.last_at < letters,)
    has_letter = exists().where(DeadLetter.task_id == Submission.task_id)
    given_up = Submission.finished_at.is_(None), Submission.due_at.is_(None), ~has_letter
    yield Submission, Submission.accepted_at, (Submission.accepted_at < letters, *given_up)
