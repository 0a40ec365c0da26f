"""Durations of tasks: sending time in a header, wait time in logs, wait and run time in Sentry."""

import time
from datetime import datetime
from typing import Any

import sentry_sdk
from celery import signals
from structlog.contextvars import bind_contextvars

SENT_HEADER = "securenet_sent_at"
"""Header of a task: unix seconds when its message was sent."""


def connect_durations() -> None:
    """Measure every task from now on; connect after the ids, which clear the bound variables."""
    signals.before_task_publish.connect(_add_sent_at)
    signals.task_prerun.connect(_measure)


def waited_ms(request: Any, now: float) -> float | None:
    """Return the milliseconds that a task has waited since it was sent, or since its ETA.

    None if its message has no time of sending; 0 if the sender's clock is ahead of ours.
    """
    sent = request.get(SENT_HEADER)
    if not isinstance(sent, int | float):
        return None
    if request.eta:
        sent = max(sent, datetime.fromisoformat(request.eta).timestamp())
    return round(max(0.0, now - sent) * 1e3, 3)


def _add_sent_at(headers: dict[str, Any] | None = None, **_: object) -> None:
    if headers is not None:
        headers[SENT_HEADER] = time.time()


def _measure(task: Any, **_: object) -> None:
    if task.request.is_eager:
        return
    wait_ms = waited_ms(task.request, time.time())
    if wait_ms is not None:
        bind_contextvars(wait_ms=wait_ms)
    sentry_sdk.get_isolation_scope().add_event_processor(_Durations(wait_ms))


class _Durations:
    """Adds the durations to each event that is sent to Sentry while the task runs and ends."""

    def __init__(self, wait_ms: float | None) -> None:
        self._started_at = time.perf_counter()
        self._wait_ms = wait_ms

    def __call__(self, event: Any, hint: dict[str, Any]) -> Any:
        duration_ms = round((time.perf_counter() - self._started_at) * 1e3, 3)
        measured = {"wait_ms": self._wait_ms, "duration_ms": duration_ms}
        durations = {name: value for name, value in measured.items() if value is not None}
        event.setdefault("contexts", {})["task_durations"] = durations
        if event.get("type") == "transaction":
            event.setdefault("measurements", {}).update(
                {
                    f"task.{name}": {"value": durations[name], "unit": "millisecond"}
                    for name in durations
                }
            )
        return event
