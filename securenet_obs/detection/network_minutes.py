"""Adds a batch to the stored minutes of a tenant, once per batch id; caps each total."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from securenet_obs.detection.network_logs import MAX_OCTETS, Batch, Minute
from securenet_obs.store import (
    NetworkMinute,
    ProcessedBatch,
    dialect_insert,
    ensure_tenant,
    insert_once,
)

_METRICS = ("records", "octets")


def count_batch(session: Session, tenant_id: str, batch_id: str, batch: Batch) -> bool:
    """Add a batch to the tenant's minutes; return False, without a change, if it was counted."""
    ensure_tenant(session, tenant_id)
    if not insert_once(session, ProcessedBatch, batch_id=batch_id, tenant_id=tenant_id):
        return False
    add_minutes(session, tenant_id, batch)
    return True


def add_minutes(session: Session, tenant_id: str, batch: Batch) -> bool:
    """Add a batch to the tenant's minutes; concurrent additions are safe.

    Returns:
        False if some records did not fit into the minutes of the store: the batch rejects them.
    """
    minutes = batch.minutes()
    full = minutes.keys() - _add(session, tenant_id, minutes)
    if not full:
        return True
    stored = {minute: _locked(session, tenant_id, minute) for minute in sorted(full)}
    before = {minute: (row.records, row.octets) for minute, row in stored.items()}
    batch.keep_fitting(stored)
    increments = {
        minute: Minute(row.records - before[minute][0], row.octets - before[minute][1])
        for minute, row in stored.items()
        if row.records > before[minute][0]
    }
    _add(session, tenant_id, increments)
    return False


def _add(session: Session, tenant_id: str, minutes: Mapping[datetime, Minute]) -> set[datetime]:
    """Add to the minutes with enough room, and return these."""
    insert = dialect_insert(session, NetworkMinute)
    increments = {name: getattr(NetworkMinute, name) + insert.excluded[name] for name in _METRICS}
    rows = [
        {"tenant_id": tenant_id, "minute": moment, "records": new.records, "octets": new.octets}
        for moment, new in minutes.items()
    ]
    if not rows:
        return set()
    upsert = insert.on_conflict_do_update(
        index_elements=["tenant_id", "minute"],
        set_=increments,
        where=NetworkMinute.octets <= MAX_OCTETS - insert.excluded.octets,
    )
    return set(session.scalars(upsert.returning(NetworkMinute.minute), rows))


def _locked(session: Session, tenant_id: str, minute: datetime) -> Minute:
    """Return a minute of the store, locked until the end of the transaction."""
    row = select(NetworkMinute.records, NetworkMinute.octets).where(
        NetworkMinute.tenant_id == tenant_id, NetworkMinute.minute == minute
    )
    records, octets = session.execute(row.with_for_update()).one()
    return Minute(records, octets)
