"""Celery signal handlers: bind ids, hide arguments, log starts, outcomes and failures of tasks."""

import time
from contextlib import ExitStack
from typing import Any

import structlog
from celery import signals

from securenet_obs.monitoring.correlation import (
    bind_ids,
    clear_ids,
    current_ids,
    ensure_request_id,
    parse_tenant_id,
)
from securenet_obs.monitoring.foreign_objects import type_name
from securenet_obs.monitoring.logs.output.printed_lines import end_all_lines, end_lines_of_thread
from securenet_obs.monitoring.sentry.events.capture import capture_error
from securenet_obs.monitoring.sentry.tracing.task_scope import send_trace, task_scope

REQUEST_HEADER = "securenet_request_id"
"""Header of a task: id of its request."""

TENANT_HEADER = "securenet_tenant_id"
"""Header of a task: id of its tenant."""

_HIDDEN = "(…)"

_log = structlog.get_logger(__name__)
_started_at: dict[str, float] = {}
_scopes: dict[str, ExitStack] = {}


def connect_task_signals() -> None:
    """Connect to Celery's signals; a second call changes nothing."""
    signals.before_task_publish.connect(_send_ids)
    signals.before_task_publish.connect(send_trace)
    signals.task_prerun.connect(_start_task)
    signals.task_success.connect(_log_success)
    signals.task_failure.connect(report_failure)
    signals.task_retry.connect(_log_retry)
    signals.task_postrun.connect(_end_task)
    # A child of the prefork pool leaves by os._exit.
    signals.worker_process_shutdown.connect(_end_process)


def _send_ids(headers: dict[str, Any] | None = None, **_: object) -> None:
    """Add the bound ids to the message, and hide the readable text of its arguments."""
    if headers is None:
        return
    ids = current_ids()
    headers[REQUEST_HEADER] = ensure_request_id(
        ids.get("request_id") or headers.get(REQUEST_HEADER)
    )
    tenant_id = ids.get("tenant_id") or parse_tenant_id(headers.get(TENANT_HEADER))
    if tenant_id is not None:
        headers[TENANT_HEADER] = tenant_id
    headers["argsrepr"] = headers["kwargsrepr"] = _HIDDEN


def _start_task(task_id: str, task: Any, **_: object) -> None:
    """Clear the ids of an earlier task, bind those of the message, and log the start."""
    request = task.request
    if request.is_eager:
        return
    _scopes[task_id] = ExitStack()
    _scopes[task_id].enter_context(task_scope(task))
    bind_ids(
        request_id=ensure_request_id(getattr(request, REQUEST_HEADER, None)),
        tenant_id=parse_tenant_id(getattr(request, TENANT_HEADER, None)),
        task_id=task_id,
    )
    _started_at[task_id] = time.perf_counter()
    _log.info("task_started", task=task.name, retries=request.retries)


def _end_process(**_: object) -> None:
    end_all_lines()


def _end_task(task_id: str, task: Any, **_: object) -> None:
    """Log the text that the task has printed without a newline, and clear its ids."""
    if not task.request.is_eager:
        end_lines_of_thread()
        _started_at.pop(task_id, None)
        clear_ids()
        if scope := _scopes.pop(task_id, None):
            scope.close()


def _log_success(sender: Any, **_: object) -> None:
    _log.info("task_succeeded", task=sender.name, duration_ms=_duration_ms(sender.request.id))


def _log_retry(sender: Any, reason: Any, **_: object) -> None:
    _log.warning(
        "task_retried",
        task=sender.name,
        reason=type_name(type(reason)),
        retries=sender.request.retries,
        duration_ms=_duration_ms(sender.request.id),
    )


def report_failure(sender: Any, task_id: str, exception: BaseException, **_: object) -> None:
    """Capture and log the failure, with its task id, which is not bound in the parent process."""
    capture_error(exception)
    _log.error(
        "task_failed",
        task=sender.name,
        task_id=task_id,
        exc_info=exception,
        duration_ms=_duration_ms(task_id),
    )


def _duration_ms(task_id: str) -> float | None:
    started_at = _started_at.get(task_id)
    return None if started_at is None else round((time.perf_counter() - started_at) * 1e3, 3)
