"""Celery signals: pass ids in a task's headers, bind them while it runs, and log its outcome."""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

import celery
import structlog
from celery import Celery, signals
from redis.exceptions import RedisError

from securenet_obs.errors import UnreachableError
from securenet_obs.monitoring.correlation import (
    accepted_request_id,
    accepted_tenant_id,
    begin,
    current_ids,
    end,
)
from securenet_obs.monitoring.sentry import capture_error
from securenet_obs.monitoring.task_scope import send_trace, task_scope

EVENT_KEY = "securenet:event:{task_id}"
"""Key in the result database: id of the Sentry event of a failed task."""

OWNER_KEY = "securenet:owner:{task_id}"
"""Key in the result database: tenant that owns a task."""

LONGEST_WAIT_S = 24 * 3600
"""Seconds that a task may wait in its queue and still be readable by its tenant."""

FAILURES_EXPIRE_S = 24 * 3600
"""Seconds for which a failure's result is kept: it may be examined the next morning."""

REQUEST_HEADER = "securenet_request_id"
"""Header of a task: id of its request."""

TENANT_HEADER = "securenet_tenant_id"
"""Header of a task: id of its tenant."""

_HIDDEN = "(…)"
_TOLD = 10

_log = structlog.get_logger(__name__)
_began: dict[str, float] = {}
_scopes: dict[str, ExitStack] = {}
_owners: ContextVar[dict[str, str] | None] = ContextVar("securenet_owners", default=None)


def connect_task_signals() -> None:
    """Connect to Celery's signals; a second call changes nothing."""
    signals.before_task_publish.connect(_send_ids)
    signals.before_task_publish.connect(send_trace)
    signals.task_prerun.connect(_begin)
    signals.task_success.connect(_succeeded)
    signals.task_failure.connect(_failed)
    signals.task_retry.connect(_retried)
    signals.task_postrun.connect(_end)


def _send_ids(headers: dict[str, Any] | None = None, **_: object) -> None:
    """Add the bound ids to the message, and hide the readable text of its arguments."""
    if headers is None:
        return
    ids = current_ids()
    headers[REQUEST_HEADER] = (
        ids.get("request_id") or headers.get(REQUEST_HEADER) or uuid.uuid4().hex
    )
    tenant_id = ids.get("tenant_id") or accepted_tenant_id(headers.get(TENANT_HEADER))
    if tenant_id is not None:
        headers[TENANT_HEADER] = tenant_id
        collected = _owners.get()
        if collected is None:
            keep_owners(celery.current_app, {headers["id"]: tenant_id})
        else:
            collected[headers["id"]] = tenant_id
    headers["argsrepr"] = headers["kwargsrepr"] = _HIDDEN


def _begin(task_id: str, task: Any, **_: object) -> None:
    """Clear the ids of an earlier task, bind those of the message, and log the start."""
    request = task.request
    if request.is_eager:
        return
    _scopes[task_id] = ExitStack()
    _scopes[task_id].enter_context(task_scope(task))
    begin(
        request_id=accepted_request_id(getattr(request, REQUEST_HEADER, None)),
        tenant_id=accepted_tenant_id(getattr(request, TENANT_HEADER, None)),
        task_id=task_id,
    )
    _began[task_id] = time.perf_counter()
    _log.info("task_started", task=task.name, retries=request.retries)


def _end(task_id: str, task: Any, **_: object) -> None:
    if not task.request.is_eager:
        _began.pop(task_id, None)
        end()
        if scope := _scopes.pop(task_id, None):
            scope.close()


def _succeeded(sender: Any, **_: object) -> None:
    _log.info("task_succeeded", task=sender.name, duration_ms=_duration_ms(sender.request.id))


def _retried(sender: Any, reason: Any, **_: object) -> None:
    _log.warning(
        "task_retried",
        task=sender.name,
        reason=type(reason).__name__,
        retries=sender.request.retries,
        duration_ms=_duration_ms(sender.request.id),
    )


def _failed(sender: Any, task_id: str, exception: BaseException, **_: object) -> None:
    """Capture and log the failure, with its task id, which is not bound in the parent process."""
    tell_error(sender, task_id, exception)
    _log.error(
        "task_failed",
        task=sender.name,
        task_id=task_id,
        exc_info=exception,
        duration_ms=_duration_ms(task_id),
    )


def _duration_ms(task_id: str) -> float | None:
    began = _began.get(task_id)
    return None if began is None else round((time.perf_counter() - began) * 1e3, 3)


def tell_error(task: Any, task_id: str, error: BaseException) -> None:
    """Send a task's error to Sentry, and store the event's id as long as a failure's result."""
    event_id = capture_error(error)
    if event_id is None:
        return
    key = EVENT_KEY.format(task_id=task_id)
    try:
        task.backend.client.set(key, event_id, ex=FAILURES_EXPIRE_S)
    except RedisError as away:
        _log.warning("event_id_not_stored", task_id=task_id, reason=type(away).__name__)


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
def owners_together() -> Iterator[dict[str, str]]:
    """Collect the owners of the block's tasks, by id; the block passes them to `keep_owners`."""
    owners: dict[str, str] = {}
    token = _owners.set(owners)
    try:
        yield owners
    finally:
        _owners.reset(token)


def keep_owners(app: Celery, owners: Mapping[str, str]) -> None:
    """Store the owners of tasks, by id, before the tasks are sent: no task is visible without one.

    Once a task has ended, the result backend keeps its owner as long as its result.
    """
    expires_s = int(app.backend.expires) + LONGEST_WAIT_S
    try:
        with app.backend.client.pipeline(transaction=False) as pipe:
            for task_id, tenant_id in owners.items():
                pipe.set(OWNER_KEY.format(task_id=task_id), tenant_id, ex=expires_s)
            pipe.execute()
    except RedisError as error:
        ids, reason = list(owners)[:_TOLD], type(error).__name__
        _log.warning("task_owners_not_kept", sent_task_ids=ids, count=len(owners), reason=reason)
