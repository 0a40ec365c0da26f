"""Base classes of a task and its request: limited starts, requeued retries, captured errors.

Buys: a task that kills its process ends as a dead letter after three starts; Celery started one 11
times in 30 s, and goes on. A retry that the broker does not accept stays in its queue. Only tasks
that were delivered again cost a round trip more.
Without it: one poison task occupies a worker forever, and an outage of the broker loses retries.
Can go when Celery bounds the starts of a task (celery/celery#9082).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from celery import Task, signals
from celery.exceptions import Ignore, Reject, Retry
from celery.worker.request import Request
from redis.exceptions import RedisError

from securenet_obs.errors import PoisonTaskError
from securenet_obs.monitoring import capture_error
from securenet_obs.monitoring.correlation import (
    bind_ids,
    clear_ids,
    ensure_request_id,
    parse_tenant_id,
)
from securenet_obs.monitoring.task_telemetry import REQUEST_HEADER, TENANT_HEADER
from securenet_obs.workers.results import store_event

MAX_STARTS = 3
"""Maximum number of starts of a task that never ends."""

STARTS_KEY = "securenet:starts:{task_id}"
"""Key in the result database: number of unfinished starts of a redelivered task."""

_STARTS_RETENTION_S = 24 * 3600

_log = structlog.get_logger(__name__)


class TaskRequest(Request):  # type: ignore[misc] # Celery has no types
    """A task in the worker's parent process, which reports failures that a lost child cannot.

    Upstream: celery/celery#9720 and #10226, merged and in Celery 5.7.0, give `task_failure` the
    task's request. Can go with Celery 5.7, once the ids are bound in that signal.
    """

    def on_failure(
        self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False
    ) -> None:
        """Report a failure with its ids; with `return_ok`, the child has reported it already."""
        if return_ok:
            super().on_failure(exc_info, send_failed_event, return_ok)
            return
        with self._ids():
            super().on_failure(exc_info, send_failed_event, return_ok)

    @contextmanager
    def _ids(self) -> Iterator[None]:
        message = self._request_dict
        bind_ids(
            request_id=ensure_request_id(message.get(REQUEST_HEADER)),
            tenant_id=parse_tenant_id(message.get(TENANT_HEADER)),
            task_id=self.id,
        )
        self.task.request_stack.push(self._context)
        try:
            yield
        finally:
            self.task.request_stack.pop()
            clear_ids()


class SecureNetTask(Task):  # type: ignore[misc] # Celery has no types
    """A task that may be run again after its worker was lost, a limited number of times.

    Upstream: celery/celery#9082, open, for the limit; no issue known for `retry` (searched
    2026-11-26). `before_start` and `retry` can go when Celery does the same; `__call__` stays.
    """

    Request = "securenet_obs.workers.celery_fixes.requests:TaskRequest"

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Run the task; send an error to Sentry before it is stored: its readers need the event."""
        with _stored_errors(self):
            return super().__call__(*args, **options)

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """Count the start of a redelivered task; other tasks cost nothing.

        Raises:
            PoisonTaskError: the task was started too often.
        """
        if _is_redelivered(self) and self._starts(task_id) > MAX_STARTS:
            with _stored_errors(self):
                raise PoisonTaskError(
                    f"{self.name} was started {MAX_STARTS} times and never ended: it, or another "
                    "task of its worker, kills the process. It is now a dead letter; requeue it "
                    "when it is safe."
                )

    def retry(self, *args: Any, **options: Any) -> Any:
        """Retry later; if the broker does not accept the next attempt, requeue this one."""
        try:
            return super().retry(*args, **options)
        except Reject as rejected:
            raise Reject(rejected.reason, requeue=True) from rejected

    def _starts(self, task_id: str) -> int:
        """Count this start and return its number, with that of the first delivery included."""
        key = STARTS_KEY.format(task_id=task_id)
        try:
            with self.backend.client.pipeline() as pipe:
                redelivered, _ = pipe.incr(key).expire(key, _STARTS_RETENTION_S).execute()
        except RedisError as error:
            _log.warning("task_starts_not_counted", reason=type(error).__name__)
            return 1
        return int(redelivered) + 1


@contextmanager
def _stored_errors(task: Task) -> Iterator[None]:
    """Send an error of the block to Sentry and store its event, before its result is stored."""
    try:
        yield
    except (Ignore, Reject, Retry):
        raise  # these are control flow, not errors
    except Exception as error:  # any error is reported and raised again
        if not task.request.called_directly:
            store_event(task, task.request.id, capture_error(error))
        raise


def connect_start_counts() -> None:
    """Delete the count of starts when a task ends, with any outcome."""
    signals.task_postrun.connect(_delete_starts)


def _delete_starts(task_id: str, task: Any, **_: object) -> None:
    if _is_redelivered(task):
        try:
            task.backend.client.delete(STARTS_KEY.format(task_id=task_id))
        except RedisError as error:
            _log.warning("task_starts_not_deleted", reason=type(error).__name__)


def _is_redelivered(task: Any) -> bool:
    return bool((task.request.delivery_info or {}).get("redelivered"))
