"""Accepts a batch once per idempotency key for 24 hours; a repeated request gets the same task."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

import structlog
from celery import Task
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from securenet_obs.errors import (
    IdempotencyKeyError,
    PublishError,
    StoreUnavailableError,
    UnconfirmedCommitError,
)
from securenet_obs.monitoring import current_ids
from securenet_obs.processes.polling import poll_until
from securenet_obs.store import (
    REQUEST,
    IdempotencyKey,
    changed_rows,
    dialect_insert,
    ensure_tenant,
    repeat_unconfirmed,
    session_scope,
)
from securenet_obs.workers import outbox
from securenet_obs.workers.publishing import publish
from securenet_obs.workers.retention import KEY_RETENTION

OUTCOME_TIMEOUT_S = 1.0
"""Seconds that a repeated request waits for the first one, before it publishes the batch itself."""

_INTERVAL_S = 0.05

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class KeyedRequest:
    """A request with an idempotency key; the store keeps only digests of key and body."""

    tenant_id: str
    key: str
    body: bytes

    @property
    def key_hash(self) -> str:
        """Digest of the key; its length and characters are the client's choice."""
        return sha256(self.key.encode()).hexdigest()

    @property
    def body_hash(self) -> str:
        """Digest of the body, to recognise another body under the same key."""
        return sha256(self.body).hexdigest()


class Acceptance(NamedTuple):
    """Outcome of a request: the task, the id of the request that was accepted, and if earlier."""

    task_id: str
    request_id: str | None
    is_replayed: bool


def submit_once(task: Task, request: KeyedRequest, records: list[Any]) -> Acceptance:
    """Accept a batch as `outbox.submit` does, once for a key; repetitions have the same outcome.

    A repetition of a request that is still at work, or whose process died, waits for it, and then
    publishes the same task itself: the batch is counted once however often it is published.

    Raises:
        IdempotencyKeyError: the key belongs to another body.
        PublishError: the store or the broker did not accept the batch; the key is free again.
    """
    task_id = outbox.new_task_id()
    try:
        found = repeat_unconfirmed(partial(_accept, request, task_id, records))
        is_replayed = found.task_id != task_id
        if is_replayed and found.confirmed_at is None:
            found = _await_outcome(found)
    except StoreUnavailableError as error:
        raise PublishError("the store did not accept the batch.") from error
    if found.confirmed_at is None:
        _publish(task, found)
    return Acceptance(found.task_id, found.request_id, is_replayed)


def _accept(request: KeyedRequest, task_id: str, records: list[Any]) -> IdempotencyKey:
    """Store the batch with its key; return the row of this request, or of an earlier one."""
    with session_scope(REQUEST) as session:
        ensure_tenant(session, request.tenant_id)
        if _claim(session, request, task_id):
            outbox.add(session, task_id, request.tenant_id, records)
        found = session.get_one(IdempotencyKey, (request.tenant_id, request.key_hash))
    if found.body_hash != request.body_hash:
        raise IdempotencyKeyError("this Idempotency-Key was used for another body")
    return found


def _claim(session: Session, request: KeyedRequest, task_id: str) -> bool:
    """Store a key that is new or expired; return False, without a change, for any other.

    If an open transaction has stored the key, wait until that transaction ends.
    """
    now = datetime.now(UTC)
    values = {
        "body_hash": request.body_hash,
        "task_id": task_id,
        "request_id": current_ids().get("request_id"),
        "created_at": now,
        "confirmed_at": None,
    }
    insert = dialect_insert(session, IdempotencyKey).values(
        tenant_id=request.tenant_id, key_hash=request.key_hash, **values
    )
    upsert = insert.on_conflict_do_update(
        index_elements=["tenant_id", "key_hash"],
        set_=values,
        where=IdempotencyKey.created_at < now - KEY_RETENTION,
    )
    return session.execute(upsert.returning(IdempotencyKey.task_id)).first() is not None


def _await_outcome(found: IdempotencyKey) -> IdempotencyKey:
    """Return the row as the request that stored it leaves it, or after `OUTCOME_TIMEOUT_S`."""

    def read() -> IdempotencyKey | None:
        with session_scope(REQUEST) as session:
            return session.scalar(select(IdempotencyKey).where(*_same(found)))

    outcome = poll_until(
        read,
        lambda row: row is None or row.confirmed_at is not None,
        deadline_s=OUTCOME_TIMEOUT_S,
        interval_s=_INTERVAL_S,
    )
    if outcome is None:
        raise _withdrawn()
    return outcome


def _publish(task: Task, found: IdempotencyKey) -> None:
    try:
        publish(task, {"batch": found.task_id}, task_id=found.task_id)
    except PublishError:
        if _withdraw(found):
            raise
        _log.warning("publish_unconfirmed", queued_task_id=found.task_id)
    if not _confirm(found):
        raise _withdrawn()


def _confirm(found: IdempotencyKey) -> bool:
    """Record that the batch was published; return False if another request has withdrawn it."""
    confirmed = update(IdempotencyKey).where(*_same(found))
    try:
        with session_scope(REQUEST) as session:
            result = session.execute(confirmed.values(confirmed_at=datetime.now(UTC)))
            return changed_rows(result) == 1
    except StoreUnavailableError as error:
        # The next request with this key publishes the batch again, which is counted once.
        _log.warning("idempotency_key_unconfirmed", cause=type(error.__cause__).__name__)
        return True


def _withdraw(found: IdempotencyKey) -> bool:
    """Withdraw a batch with its key; return False if it will be counted all the same."""
    unconfirmed = *_same(found), IdempotencyKey.confirmed_at.is_(None)

    def delete_batch() -> bool:
        with session_scope(REQUEST) as session:
            if changed_rows(session.execute(delete(IdempotencyKey).where(*unconfirmed))) == 0:
                return not outbox.is_accepted(session, found.task_id)
            if not outbox.withdraw(session, found.task_id):
                raise _FinishedError
        return True

    try:
        return repeat_unconfirmed(delete_batch)
    except UnconfirmedCommitError:
        # It may be deleted: its client must send it again.
        return True
    except (StoreUnavailableError, _FinishedError):
        return False


class _FinishedError(Exception):
    """A worker has counted the batch: the transaction that withdraws it is rolled back."""


def _same(found: IdempotencyKey) -> tuple[Any, ...]:
    """Return the conditions for the row of a batch; a key that expired may have another one."""
    return (
        IdempotencyKey.tenant_id == found.tenant_id,
        IdempotencyKey.key_hash == found.key_hash,
        IdempotencyKey.task_id == found.task_id,
    )


def _withdrawn() -> PublishError:
    return PublishError("another request with this Idempotency-Key has withdrawn the batch.")
