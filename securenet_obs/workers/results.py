"""Task state, owner and Sentry event id in the result database: stores and reads them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import celery
import structlog
from celery import Celery, signals, states
from redis.exceptions import RedisError

from securenet_obs.errors import UnreachableError
from securenet_obs.monitoring import event_id_of
from securenet_obs.monitoring.task_telemetry import TENANT_HEADER
from securenet_obs.workers.storable import storable

EVENT_KEY = "securenet:event:{task_id}"
"""Key in the result database: id of the Sentry event of a failed task."""

OWNER_KEY = "securenet:owner:{task_id}"
"""Key in the result database: tenant that owns a task, and alone may read it."""

MAX_QUEUE_WAIT_S = 24 * 3600
"""Seconds that a task may wait in its queue and still be readable by its tenant."""

FAILURE_RETENTION_S = 24 * 3600
"""Seconds for which a failure's result is kept: it may be examined the next morning."""

_MAX_LISTED = 10
_EVENT_STORED = "securenet_event_stored"

_log = structlog.get_logger(__name__)
_owners: ContextVar[dict[str, str] | None] = ContextVar("securenet_owners", default=None)


@dataclass(frozen=True)
class TaskState:
    """State of a task; an unknown one is `PENDING`, since Redis does not list the tasks sent."""

    task_id: str
    state: str
    result: Any
    error: dict[str, str] | None
    event_id: str | None


def connect_results() -> None:
    """Connect to Celery's signals, after telemetry: it adds the tenant and captures the error."""
    signals.before_task_publish.connect(_store_owner)
    signals.task_failure.connect(_store_event)


def task_state(app: Celery, task_id: str) -> TaskState:
    """Return the state of a task.

    Raises:
        UnreachableError: the result backend did not answer.
    """
    try:
        meta = app.backend.get_task_meta(task_id)
        event_id = app.backend.client.get(EVENT_KEY.format(task_id=task_id))
    except (RedisError, OSError) as error:
        raise UnreachableError("the result backend did not answer") from error
    failed = meta["status"] in states.EXCEPTION_STATES
    return TaskState(
        task_id=task_id,
        state=meta["status"],
        result=storable(meta["result"]) if meta["status"] == states.SUCCESS else None,
        error=_error(meta["result"]) if failed else None,
        event_id=event_id.decode() if event_id else None,
    )


def _error(result: Any) -> dict[str, str]:
    return {"type": type(result).__name__, "message": storable(str(result))}


def task_owner(app: Celery, task_id: str) -> str | None:
    """Return the tenant that owns a task; None if it has no owner, or its entry has expired.

    Raises:
        UnreachableError: the result backend did not answer.
    """
    try:
        owner = app.backend.client.get(OWNER_KEY.format(task_id=task_id))
    except (RedisError, OSError) as error:
        raise UnreachableError("the result backend did not answer") from error
    return owner.decode() if owner else None


@contextmanager
def collect_owners() -> Iterator[dict[str, str]]:
    """Collect the owners of the block's tasks, by id; the block passes them to `store_owners`."""
    owners: dict[str, str] = {}
    token = _owners.set(owners)
    try:
        yield owners
    finally:
        _owners.reset(token)


def store_owners(app: Celery, owners: Mapping[str, str]) -> None:
    """Store the owners of tasks, by id, before the tasks are sent: no task is visible without one.

    Once a task has ended, the result backend keeps its owner as long as its result.
    """
    expires_s = int(app.backend.expires) + MAX_QUEUE_WAIT_S
    try:
        with app.backend.client.pipeline(transaction=False) as pipe:
            for task_id, tenant_id in owners.items():
                pipe.set(OWNER_KEY.format(task_id=task_id), tenant_id, ex=expires_s)
            pipe.execute()
    except RedisError as error:
        ids, reason = list(owners)[:_MAX_LISTED], type(error).__name__
        _log.warning("task_owners_not_stored", sent_task_ids=ids, count=len(owners), reason=reason)


def store_event(task: Any, task_id: str, event_id: str | None) -> None:
    """Store the event of a task's error for as long as a failure's result, once an attempt."""
    if event_id is None or getattr(task.request, _EVENT_STORED, False):
        return
    setattr(task.request, _EVENT_STORED, True)
    try:
        key = EVENT_KEY.format(task_id=task_id)
        task.backend.client.set(key, event_id, ex=FAILURE_RETENTION_S)
    except RedisError as error:
        _log.warning("event_id_not_stored", task_id=task_id, reason=type(error).__name__)


def _store_owner(headers: dict[str, Any] | None = None, **_: object) -> None:
    tenant_id = (headers or {}).get(TENANT_HEADER)
    if headers is None or tenant_id is None:
        return
    collection = _owners.get()
    if collection is None:
        store_owners(celery.current_app, {headers["id"]: tenant_id})
    else:
        collection[headers["id"]] = tenant_id


def _store_event(sender: Any, task_id: str, exception: BaseException, **_: object) -> None:
    store_event(sender, task_id, event_id_of(exception))
