"""Outbox of batches: accepts, processes once, republishes, withdraws, gives up, resumes.

The store is the source of truth; the broker's message only announces work. So a lost message is
published again, a duplicate is counted once, and a batch that was withdrawn because the broker did
not accept it is never counted, even if the broker did accept it.
"""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from celery import Task
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from securenet_obs.detection.network.batch import Batch
from securenet_obs.detection.network.stored.minutes import add_minutes, claim
from securenet_obs.detection.network.stored.quarantine import store_quarantined
from securenet_obs.errors import (
    DeadLetterError,
    PublishError,
    StoreUnavailableError,
    UnconfirmedCommitError,
)
from securenet_obs.monitoring import bind_tenant, current_ids
from securenet_obs.store import (
    REQUEST,
    Submission,
    changed_rows,
    ensure_tenant,
    insert_once,
    repeat_unconfirmed,
    session_scope,
)
from securenet_obs.workers.publishing import publish, restored_ids

FIRST_BACKOFF_S = 30
"""Seconds after which an unfinished batch is first published again; each next wait doubles."""

MAX_BACKOFF_S = 15 * 60

MAX_PER_RUN = 500
"""Maximum number of batches that one run of the outbox publishes."""

_log = structlog.get_logger(__name__)


def submit(task: Task, tenant_id: str, records: list[Any]) -> str:
    """Accept a batch and queue its processing; return the id of the processing task.

    If this returns, the batch is counted once; if it raises, the batch is never counted, unless the
    store leaves it open whether a commit is in effect, twice.

    Raises:
        PublishError: the store or the broker did not accept the batch.
    """
    task_id = new_task_id()
    try:
        repeat_unconfirmed(partial(_accept, task_id, tenant_id, records))
    except StoreUnavailableError as error:
        raise PublishError("the store did not accept the batch.") from error
    try:
        publish(task, {"batch": task_id}, task_id=task_id)
    except PublishError:
        if _withdraw(task_id):
            raise
        # A worker has it already, or it cannot be removed from the outbox: it will be counted.
        _log.warning("publish_unconfirmed", queued_task_id=task_id)
    return task_id


def new_task_id() -> str:
    """Return the id of a task that will process a batch."""
    return str(uuid.uuid4())


def _accept(task_id: str, tenant_id: str, records: list[Any]) -> None:
    with session_scope(REQUEST) as session:
        ensure_tenant(session, tenant_id)
        add(session, task_id, tenant_id, records)


def add(session: Session, task_id: str, tenant_id: str, records: list[Any]) -> None:
    """Add an accepted batch of a registered tenant, once, to be published at once by the caller."""
    insert_once(
        session,
        Submission,
        task_id=task_id,
        tenant_id=tenant_id,
        records=records,
        ids={**current_ids(), "tenant_id": tenant_id},
        accepted_at=_now(),
        due_at=_next_publication_at(1),
        publications=1,
    )


def withdraw(session: Session, task_id: str) -> bool:
    """Delete a batch that is not finished; return False, without a change, if there is none."""
    unfinished = Submission.task_id == task_id, Submission.finished_at.is_(None)
    return changed_rows(session.execute(delete(Submission).where(*unfinished))) == 1


def is_accepted(session: Session, task_id: str) -> bool:
    """Return whether the store has a batch: it is, or will be, counted."""
    return session.get(Submission, task_id) is not None


def process(
    task_id: str, evaluate: Callable[[str, list[Any]], tuple[Batch, dict[str, Any]]]
) -> Any:
    """Count a batch and store its result in one transaction; return the result.

    A batch with the content of an earlier one of the tenant is finished without being counted.

    Args:
        task_id: id of the task that the batch was accepted with.
        evaluate: function from a tenant and its records to the batch to count and the result.

    Raises:
        DeadLetterError: the batch was given up, and was not requeued.
    """
    with session_scope() as session:
        submission = session.get(Submission, task_id)
    if submission is None:
        _log.warning("batch_withdrawn")
        return {"records": 0, "counted": False}
    bind_tenant(submission.tenant_id)
    if submission.finished_at is not None:
        return {**(submission.result or {}), "counted": False}
    if submission.due_at is None:
        raise DeadLetterError("This batch is a dead letter: requeue it to process it.")
    batch, result = evaluate(submission.tenant_id, submission.records or [])
    with session_scope() as session:
        if not _finish(session, task_id, result):
            return {**result, "counted": False}
        counted = claim(session, submission.tenant_id, batch.digest)
        if counted:
            result = _count(session, submission.tenant_id, task_id, batch, result)
        else:
            _log.warning("batch_repeated")
    return {**result, "counted": counted}


def _count(
    session: Session, tenant_id: str, task_id: str, batch: Batch, result: dict[str, Any]
) -> dict[str, Any]:
    """Add a batch to the minutes and the quarantine; return its result."""
    if not add_minutes(session, tenant_id, batch):
        result = {**result, **batch.summary()}
        of_batch = Submission.task_id == task_id
        session.execute(update(Submission).where(of_batch).values(result=result))
    store_quarantined(session, tenant_id, task_id, batch)
    return result


def republish(task: Task, limit: int = MAX_PER_RUN) -> int:
    """Republish unfinished batches that are due, at most `limit`; return their number."""
    with session_scope() as session:
        columns = select(Submission.task_id, Submission.ids, Submission.publications)
        due = columns.where(Submission.due_at <= _now()).order_by(Submission.due_at).limit(limit)
        rows = session.execute(due).all()
    published = []
    try:
        for task_id, ids, publications in rows:
            with restored_ids(ids):
                publish(task, {"batch": task_id}, task_id=task_id)
            published.append((task_id, publications))
    finally:
        with session_scope() as session:
            for task_id, publications in published:
                _record_publication(session, task_id, publications + 1)
    if published:
        _log.warning("batches_republished", count=len(published), limit=limit)
    return len(published)


def stop_publishing(session: Session, task_id: str) -> None:
    """Stop publishing a batch; its dead letter can be requeued."""
    unfinished = Submission.task_id == task_id, Submission.finished_at.is_(None)
    session.execute(update(Submission).where(*unfinished).values(due_at=None))


def resume_publishing(session: Session, task_id: str) -> None:
    """Resume publishing a batch that was given up, until it is finished."""
    unfinished = Submission.task_id == task_id, Submission.finished_at.is_(None)
    session.execute(update(Submission).where(*unfinished).values(due_at=_next_publication_at(1)))


def _withdraw(task_id: str) -> bool:
    """Withdraw a batch; return False if it is finished, or the store has not deleted it."""

    def delete_batch() -> bool:
        with session_scope(REQUEST) as session:
            return withdraw(session, task_id) or not is_accepted(session, task_id)

    try:
        return repeat_unconfirmed(delete_batch)
    except UnconfirmedCommitError:
        # It may be deleted: its client must send it again.
        return True
    except StoreUnavailableError:
        return False


def _finish(session: Session, task_id: str, result: dict[str, Any]) -> bool:
    """Mark a batch as counted in this transaction; return False if it is, or was withdrawn."""
    unfinished = Submission.task_id == task_id, Submission.finished_at.is_(None)
    finished = {"finished_at": _now(), "due_at": None, "result": result}
    return (
        changed_rows(session.execute(update(Submission).where(*unfinished).values(finished))) == 1
    )


def _record_publication(session: Session, task_id: str, publications: int) -> None:
    due = Submission.task_id == task_id, Submission.due_at.is_not(None)
    values = {"publications": publications, "due_at": _next_publication_at(publications)}
    session.execute(update(Submission).where(*due).values(values))


def _next_publication_at(publications: int) -> datetime:
    """Return the time of the next publication after this number of publications."""
    # The exponent is bounded too: a batch may wait for weeks.
    backoff_s = FIRST_BACKOFF_S * 2 ** min(publications - 1, 10)
    return _now() + timedelta(seconds=min(backoff_s, MAX_BACKOFF_S))


def _now() -> datetime:
    return datetime.now(UTC)
