"""A task's own Sentry scope: nothing of it in another's events, and the trace it was sent with."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import sentry_sdk
from celery.exceptions import SoftTimeLimitExceeded
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.logging import ignore_logger

from securenet_obs.monitoring.traces import continue_trace

_SENT_AT = "sentry-monitor-start-timestamp-s"


class TaskErrors(CeleryIntegration):
    """The SDK's integration of Celery without what only traces need: it took as long as a task.

    It leaves Celery as it is; beat's check-ins are those of the SDK.
    """

    @staticmethod
    def setup_once() -> None:
        """Hear no loggers that tell of each task what its event tells; wrap nothing."""
        ignore_logger("celery.worker.job")
        ignore_logger("celery.app.trace")


def send_trace(headers: dict[str, Any] | None = None, **_: object) -> None:
    """Give a task's message the trace that it belongs to, and what beat's check-ins need.

    The SDK reads them within `headers`, as it does where the task's worker traces; others do not.
    """
    if headers is None or not _is_ours():
        return
    headers["sentry-trace"] = trace = sentry_sdk.get_isolation_scope().get_traceparent()
    within = headers.get("headers") or {}
    headers["headers"] = {**within, **_check_in(headers), "sentry-trace": trace}


def _check_in(headers: dict[str, Any]) -> dict[str, Any]:
    """Return what beat's integration noted of a check-in that the task will end, and the time."""
    noted = {name: value for name, value in headers.items() if name.startswith("sentry-monitor-")}
    return {_SENT_AT: f"{time.time():.9f}", **noted} if noted else {}


@contextmanager
def task_scope(task: Any) -> Iterator[None]:
    """Give a task that begins a Sentry scope of its own, with the trace of who sent it.

    Where tasks may be traced the SDK's own integration does this, and more.
    """
    if not _is_ours():
        yield
        return
    with sentry_sdk.isolation_scope() as own:
        own.clear_breadcrumbs()
        own.add_event_processor(partial(_with_task, task.name))
        sent = (task.request.headers or {}).get("sentry-trace")
        continue_trace(own, {"sentry-trace": sent} if sent else {})
        yield


def _is_ours() -> bool:
    return isinstance(sentry_sdk.get_client().get_integration(CeleryIntegration), TaskErrors)


def _with_task(name: str, event: Any, hint: dict[str, Any]) -> Any:
    """Return an event with its task's name; only an error pays."""
    event["transaction"] = event.get("transaction") or name
    event["transaction_info"] = {"source": "task", **event.get("transaction_info", {})}
    # Wherever the limit met it, it is one and the same trouble.
    if "exc_info" in hint and issubclass(hint["exc_info"][0], SoftTimeLimitExceeded):
        event["fingerprint"] = ["celery", SoftTimeLimitExceeded.__name__, name]
    return event
