"""What every task of ours has: bounded starts, retries that are not lost, ids in the parent too."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from celery import Task, signals
from celery.exceptions import Ignore, Reject, Retry
from celery.worker.request import Request
from redis.exceptions import RedisError

from securenet_obs.errors import PoisonTaskError
from securenet_obs.monitoring.correlation import (
    accepted_request_id,
    accepted_tenant_id,
    begin,
    end,
)
from securenet_obs.monitoring.task_signals import REQUEST_HEADER, TENANT_HEADER, tell_error

MOST_STARTS = 3
"""Starts of a task that never ended; there is no fourth."""

STARTS_KEY = "securenet:starts:{task_id}"
"""Key in the result database: how often a redelivered task was started and did not end."""

_STARTS_KEPT_S = 24 * 3600

_log = structlog.get_logger(__name__)


class TaskRequest(Request):  # type: ignore[misc] # Celery has no types
    """A task as the worker's parent process sees it: it tells of children that cannot."""

    def on_failure(
        self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False
    ) -> None:
        """Tell of a failure; one that the child told of already comes with `return_ok`."""
        if return_ok:
            super().on_failure(exc_info, send_failed_event, return_ok)
            return
        with self._ids():
            super().on_failure(exc_info, send_failed_event, return_ok)

    @contextmanager
    def _ids(self) -> Iterator[None]:
        message = self._request_dict
        begin(
            request_id=accepted_request_id(message.get(REQUEST_HEADER)),
            tenant_id=accepted_tenant_id(message.get(TENANT_HEADER)),
            task_id=self.id,
        )
        self.task.request_stack.push(self._context)
        try:
            yield
        finally:
            self.task.request_stack.pop()
            end()


class SecureNetTask(Task):  # type: ignore[misc] # Celery has no types
    """A task that may be run again after its worker was lost, but not for ever."""

    Request = "securenet_obs.workers.requests:TaskRequest"

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Run it; an error is told before it is kept: who reads the one shall find the other."""
        try:
            return super().__call__(*args, **options)
        except (Ignore, Reject, Retry):
            raise  # so a task says what becomes of it
        except Exception as error:  # whatever it is, it is told and goes on
            if not self.request.called_directly:
                tell_error(self, self.request.id, error)
            raise

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """Count the start of a task that was delivered before; others cost nothing.

        Raises:
            PoisonTaskError: it was started too often.
        """
        if _is_redelivered(self) and self._starts(task_id) > MOST_STARTS:
            raise PoisonTaskError(
                f"{self.name} was started {MOST_STARTS} times and never ended: it, or what else "
                "runs there, ends its worker. It is a dead letter now; requeue it once it is safe."
            )

    def retry(self, *args: Any, **options: Any) -> Any:
        """Try again later; a broker that does not take the next attempt gets this one back."""
        try:
            return super().retry(*args, **options)
        except Reject as rejected:
            raise Reject(rejected.reason, requeue=True) from rejected

    def _starts(self, task_id: str) -> int:
        """Return the number of this start, the first delivery's included."""
        key = STARTS_KEY.format(task_id=task_id)
        try:
            with self.backend.client.pipeline() as pipe:
                redelivered, _ = pipe.incr(key).expire(key, _STARTS_KEPT_S).execute()
        except RedisError as error:
            _log.warning("starts_not_counted", reason=type(error).__name__)
            return 1
        return int(redelivered) + 1


def connect_ends() -> None:
    """Forget the starts of a task that ended, however it did."""
    signals.task_postrun.connect(_forget_starts)


def _forget_starts(task_id: str, task: Any, **_: object) -> None:
    if _is_redelivered(task):
        try:
            task.backend.client.delete(STARTS_KEY.format(task_id=task_id))
        except RedisError as error:
            _log.warning("starts_not_forgotten", reason=type(error).__name__)


def _is_redelivered(task: Any) -> bool:
    return bool((task.request.delivery_info or {}).get("redelivered"))
