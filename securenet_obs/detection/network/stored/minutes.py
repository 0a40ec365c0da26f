"""Adds batches and files to a tenant's stored minutes, once for each content; caps each total."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from securenet_obs.detection.network.batch import Batch
from securenet_obs.detection.network.counting.minutes import COUNTS, MAX_OCTETS, Minute
from securenet_obs.detection.network.counting.sketches import DistinctCount
from securenet_obs.store import (
    NetworkMinute,
    ProcessedBatch,
    dialect_insert,
    ensure_tenant,
    insert_once,
)

_MAX_ROWS = 500


def claim(session: Session, tenant_id: str, digest: str) -> bool:
    """Record in this transaction that a tenant's content is counted; return False if it was."""
    batch_id = _id_of(tenant_id, digest)
    return insert_once(session, ProcessedBatch, batch_id=batch_id, tenant_id=tenant_id)


def is_counted(session: Session, tenant_id: str, digest: str) -> bool:
    """Return whether a tenant's content is counted."""
    return session.get(ProcessedBatch, _id_of(tenant_id, digest)) is not None


def _id_of(tenant_id: str, digest: str) -> str:
    return sha256(f"{tenant_id}\0{digest}".encode()).hexdigest()


def count_batch(session: Session, tenant_id: str, batch: Batch) -> bool:
    """Add a batch to the tenant's minutes; return False, without a change, if it was counted."""
    ensure_tenant(session, tenant_id)
    if not claim(session, tenant_id, batch.digest):
        return False
    add_minutes(session, tenant_id, batch)
    return True


def add_minutes(session: Session, tenant_id: str, batch: Batch) -> bool:
    """Add a batch to the tenant's minutes; concurrent additions are safe.

    Returns:
        False if some records did not fit into the minutes of the store: the batch rejects them.
    """
    minutes = dict(batch.minutes())
    full = minutes.keys() - add(session, tenant_id, minutes)
    if not full:
        return True
    stored = {minute: _locked(session, tenant_id, minute) for minute in sorted(full)}
    before = {moment: minute.counts() for moment, minute in stored.items()}
    batch.keep_fitting(stored)
    add(session, tenant_id, _increments(stored, before))
    return False


def add(session: Session, tenant_id: str, minutes: Mapping[datetime, Minute]) -> set[datetime]:
    """Add to the minutes whose bytes have enough room, and return these."""
    added: set[datetime] = set()
    moments = sorted(minutes)
    for start in range(0, len(moments), _MAX_ROWS):
        some = {moment: minutes[moment] for moment in moments[start : start + _MAX_ROWS]}
        with_room = _add_counts(session, tenant_id, some)
        _add_peers(session, tenant_id, {moment: some[moment] for moment in with_room})
        added |= with_room
    return added


def _add_counts(
    session: Session, tenant_id: str, minutes: Mapping[datetime, Minute]
) -> set[datetime]:
    insert = dialect_insert(session, NetworkMinute)
    increments = {name: getattr(NetworkMinute, name) + insert.excluded[name] for name in COUNTS}
    rows = [
        {"tenant_id": tenant_id, "minute": moment, **new.counts()}
        for moment, new in minutes.items()
    ]
    upsert = insert.on_conflict_do_update(
        index_elements=["tenant_id", "minute"],
        set_=increments,
        where=NetworkMinute.octets <= MAX_OCTETS - insert.excluded.octets,
    )
    return set(session.scalars(upsert.returning(NetworkMinute.minute), rows)) if rows else set()


def _add_peers(session: Session, tenant_id: str, minutes: Mapping[datetime, Minute]) -> None:
    """Merge the peers of minutes, whose rows this transaction has locked by its counts."""
    rows = select(NetworkMinute.minute, NetworkMinute.peers_sketch).where(
        NetworkMinute.tenant_id == tenant_id, NetworkMinute.minute.in_(minutes)
    )
    values = []
    for moment, sketch in session.execute(rows):
        merged = DistinctCount(sketch or b"")
        merged.merge(minutes[moment].peers)
        # Most peers of a minute come again: their rows are not written again.
        if (content := merged.to_bytes()) != sketch:
            key = {"tenant_id": tenant_id, "minute": moment}
            values.append({**key, "peers": merged.estimate, "peers_sketch": content})
    if values:
        session.execute(update(NetworkMinute), values)


def _locked(session: Session, tenant_id: str, minute: datetime) -> Minute:
    """Return the sums of a minute of the store, locked until the end of the transaction."""
    columns = [getattr(NetworkMinute, name) for name in COUNTS]
    row = select(*columns).where(
        NetworkMinute.tenant_id == tenant_id, NetworkMinute.minute == minute
    )
    return Minute(**dict(zip(COUNTS, session.execute(row.with_for_update()).one(), strict=True)))


def _increments(
    minutes: Mapping[datetime, Minute], before: Mapping[datetime, Mapping[str, int]]
) -> dict[datetime, Minute]:
    changed = (moment for moment in minutes if minutes[moment].records > before[moment]["records"])
    return {
        moment: replace(
            minutes[moment],
            **{name: getattr(minutes[moment], name) - before[moment][name] for name in COUNTS},
        )
        for moment in changed
    }
