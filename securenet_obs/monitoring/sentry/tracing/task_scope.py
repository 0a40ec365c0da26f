"""Untraced Celery tasks: a Sentry scope for each; trace and beat's check-in in its headers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import sentry_sdk
from celery.exceptions import SoftTimeLimitExceeded
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.logging import ignore_logger

from securenet_obs.monitoring.sentry.tracing.traces import continue_trace
from securenet_obs.monitoring.w3c_trace import TRACEPARENT, format_traceparent, parse_traceparent

_SENT_AT = "sentry-monitor-start-timestamp-s"


class UntracedCeleryIntegration(CeleryIntegration):
    """The SDK's integration of Celery without tracing, which took as long as a task.

    It does not patch Celery; beat's check-ins are those of the SDK.

    Upstream: no issue known (searched 2026-11-26). It can go when the SDK's integration builds no
    spans where nothing is traced.
    """

    @staticmethod
    def setup_once() -> None:
        """Silence loggers that duplicate the task's event; wrap nothing."""
        ignore_logger("celery.worker.job")
        ignore_logger("celery.app.trace")


def send_trace(headers: dict[str, Any] | None = None, **_: object) -> None:
    """Add the current trace, and the data of beat's check-ins, to a task's message.

    The SDK of a worker that traces reads them within `headers`; others do not. Of a process that
    traces, the SDK has added its own header before.
    """
    if headers is None:
        return
    if _is_untraced():
        _send_untraced(headers)
    traceparent = format_traceparent(headers.get("sentry-trace"))
    if traceparent is not None:
        headers[TRACEPARENT] = traceparent
        nested = headers.get("headers")
        if isinstance(nested, dict):
            nested[TRACEPARENT] = traceparent


def _send_untraced(headers: dict[str, Any]) -> None:
    headers["sentry-trace"] = trace = sentry_sdk.get_isolation_scope().get_traceparent()
    nested = headers.get("headers")
    own = nested if isinstance(nested, dict) else {}
    headers["headers"] = {**own, **_check_in(headers), "sentry-trace": trace}


def _check_in(headers: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a check-in that beat's integration began, with the time of sending."""
    check_in = {
        name: value for name, value in headers.items() if name.startswith("sentry-monitor-")
    }
    return {_SENT_AT: f"{time.time():.9f}", **check_in} if check_in else {}


@contextmanager
def task_scope(task: Any) -> Iterator[None]:
    """Give a starting task a Sentry scope of its own, with the trace of its sender.

    If tasks may be traced, the SDK's own integration does this, and more.
    """
    if not _is_untraced():
        yield
        return
    with sentry_sdk.isolation_scope() as isolation_scope:
        isolation_scope.clear_breadcrumbs()
        isolation_scope.add_event_processor(partial(_add_task, task.name))
        continue_trace(isolation_scope, _incoming_trace(task.request.headers))
        yield


def _incoming_trace(headers: object) -> dict[str, str]:
    """Return the header of the sender's trace; any program may send a message, with any headers."""
    if not isinstance(headers, dict):
        return {}
    trace = headers.get("sentry-trace") or parse_traceparent(headers.get(TRACEPARENT))
    return {"sentry-trace": trace} if trace and isinstance(trace, str) else {}


def _is_untraced() -> bool:
    return isinstance(
        sentry_sdk.get_client().get_integration(CeleryIntegration), UntracedCeleryIntegration
    )


def _add_task(name: str, event: Any, hint: dict[str, Any]) -> Any:
    """Return an event with its task's name; runs only for errors."""
    event["transaction"] = event.get("transaction") or name
    event["transaction_info"] = {"source": "task", **event.get("transaction_info", {})}
    # One issue for a task, wherever the time limit interrupted it.
    if "exc_info" in hint and issubclass(hint["exc_info"][0], SoftTimeLimitExceeded):
        event["fingerprint"] = ["celery", SoftTimeLimitExceeded.__name__, name]
    return event
