"""Batches that the API accepted: kept in the store until they are counted, which is once.

The store is the truth, the broker's message only says that there is something to do. So what the
broker loses is published again, what it has twice is counted once, and a batch that was withdrawn
because the broker did not take it is never counted, even if the broker took it after all.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import sentry_sdk
import structlog
from celery import Task
from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars

from securenet_obs.detection.network_logs import Batch, add_minutes
from securenet_obs.errors import DeadLetterError, PublishError
from securenet_obs.monitoring import bind_tenant, current_ids
from securenet_obs.store import Submission, TaskEffect, rows_changed, session_scope, tenant_of
from securenet_obs.workers.publishing import publish

STORE_WAIT_S = 0.5
"""Seconds that a caller waits for other writers, when accepting and again when withdrawing."""

FIRST_BACKOFF_S = 30
"""Seconds after which an unfinished batch is published again; then twice as long, and so on."""

LONGEST_BACKOFF_S = 15 * 60

MOST_AT_ONCE = 500
"""Batches that one run of the outbox publishes."""

KEPT = timedelta(days=1)
"""How long a finished batch's result stays, for a message that comes late."""

EFFECTS_KEPT = timedelta(days=7)
"""How long it is remembered which window a task has done; far longer than a message lives."""

_log = structlog.get_logger(__name__)


def submit(task: Task, tenant_id: str, records: list[Any]) -> str:
    """Accept a batch and queue its processing; return the id of the processing task.

    Once this returns, the batch is counted, once; if it raises, never.

    Raises:
        PublishError: store or broker did not take it.
    """
    task_id = str(uuid.uuid4())
    try:
        _accept(task_id, tenant_id, records)
    except SQLAlchemyError as error:
        raise PublishError("the store did not take the batch.") from error
    try:
        publish(task, {"batch": task_id}, task_id=task_id)
    except PublishError:
        if _withdraw(task_id):
            raise
        # A worker has it already, or nobody can take it out of the outbox: it will be counted.
        _log.warning("publication_unconfirmed", queued_task_id=task_id)
    return task_id


def process(task_id: str, judge: Callable[[str, list[Any]], tuple[Batch, dict[str, Any]]]) -> Any:
    """Count a batch and remember its result, both or neither; return the result.

    Args:
        task_id: of the task that the batch was accepted with.
        judge: makes of a tenant's records the batch to count, and the result.

    Raises:
        DeadLetterError: the batch was given up, and nobody requeued it.
    """
    with session_scope() as session:
        submission = session.get(Submission, task_id)
    if submission is None:
        _log.warning("submission_withdrawn")
        return {"records": 0, "counted": False}
    bind_tenant(submission.tenant_id)
    if submission.finished_at is not None:
        return {**(submission.result or {}), "counted": False}
    if submission.due_at is None:
        raise DeadLetterError("This batch was given up before: requeue its dead letter.")
    batch, result = judge(submission.tenant_id, submission.records or [])
    with session_scope() as session:
        counted = _finish(session, task_id, result)
        if counted:
            add_minutes(session, submission.tenant_id, batch)
    return {**result, "counted": counted}


def republish(task: Task, most: int = MOST_AT_ONCE) -> int:
    """Publish again what is unfinished and due, at most so many; return how many."""
    with session_scope() as session:
        columns = select(Submission.task_id, Submission.ids, Submission.publications)
        due = columns.where(Submission.due_at <= _now()).order_by(Submission.due_at).limit(most)
        rows = session.execute(due).all()
    sent = []
    try:
        for task_id, ids, publications in rows:
            with as_of(ids):
                publish(task, {"batch": task_id}, task_id=task_id)
            sent.append((task_id, publications))
    finally:
        with session_scope() as session:
            for task_id, publications in sent:
                _published(session, task_id, publications + 1)
    if sent:
        _log.warning("submissions_republished", count=len(sent), most=most)
    return len(sent)


def give_up(session: Session, task_id: str) -> None:
    """Publish a batch no more; its dead letter can be requeued."""
    unfinished = Submission.task_id == task_id, Submission.finished_at.is_(None)
    session.execute(update(Submission).where(*unfinished).values(due_at=None))


def take_up(session: Session, task_id: str) -> None:
    """Have a batch that was given up published until it is finished."""
    unfinished = Submission.task_id == task_id, Submission.finished_at.is_(None)
    session.execute(update(Submission).where(*unfinished).values(due_at=_next(1)))


def purge() -> None:
    """Forget what was finished long enough ago."""
    with session_scope() as session:
        session.execute(delete(Submission).where(Submission.finished_at < _now() - KEPT))
        session.execute(delete(TaskEffect).where(TaskEffect.at < _now() - EFFECTS_KEPT))


@contextmanager
def as_of(ids: dict[str, Any]) -> Iterator[None]:
    """Send within the block as the request with these ids would: same request, tenant and trace."""
    named = {name: ids[name] for name in ("request_id", "tenant_id") if ids.get(name)}
    with bound_contextvars(**named), sentry_sdk.isolation_scope(), _trace_of(ids):
        yield


def _trace_of(ids: dict[str, Any]) -> AbstractContextManager[Any]:
    """Continue a request's trace; that of the task which runs here would win otherwise."""
    if not (ids.get("trace_id") and ids.get("span_id")):
        return nullcontext()
    headers = {"sentry-trace": f"{ids['trace_id']}-{ids['span_id']}"}
    continued = sentry_sdk.continue_trace(headers, op="queue.publish", name="publish_again")
    return sentry_sdk.start_transaction(continued)


def _accept(task_id: str, tenant_id: str, records: list[Any]) -> None:
    with session_scope(STORE_WAIT_S) as session:
        tenant_of(session, tenant_id)
        session.add(
            Submission(
                task_id=task_id,
                tenant_id=tenant_id,
                records=records,
                ids={**current_ids(), "tenant_id": tenant_id},
                accepted_at=_now(),
                due_at=_next(1),
                publications=1,
            )
        )


def _withdraw(task_id: str) -> bool:
    """Take a batch back; False if it is finished, or the store does not let go of it."""
    unfinished = Submission.task_id == task_id, Submission.finished_at.is_(None)
    try:
        with session_scope(STORE_WAIT_S) as session:
            return rows_changed(session.execute(delete(Submission).where(*unfinished))) == 1
    except SQLAlchemyError:
        return False


def _finish(session: Session, task_id: str, result: dict[str, Any]) -> bool:
    """Say in this transaction that a batch is counted; False if it is, or was withdrawn."""
    unfinished = Submission.task_id == task_id, Submission.finished_at.is_(None)
    finished = {"finished_at": _now(), "due_at": None, "records": None, "result": result}
    return (
        rows_changed(session.execute(update(Submission).where(*unfinished).values(finished))) == 1
    )


def _published(session: Session, task_id: str, publications: int) -> None:
    due = Submission.task_id == task_id, Submission.due_at.is_not(None)
    values = {"publications": publications, "due_at": _next(publications)}
    session.execute(update(Submission).where(*due).values(values))


def _next(publications: int) -> datetime:
    """Return when a batch that was published so often is published again."""
    # The power is bounded too: a batch may wait for weeks.
    backoff_s = FIRST_BACKOFF_S * 2 ** min(publications - 1, 10)
    return _now() + timedelta(seconds=min(backoff_s, LONGEST_BACKOFF_S))


def _now() -> datetime:
    return datetime.now(UTC)
