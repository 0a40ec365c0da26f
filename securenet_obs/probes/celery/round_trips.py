"""Round trip of a task: its state, latency, result, routing and tenant; statistics of many."""

import json
import math
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from celery import states
from celery.canvas import Signature

TENANT_HEADER = "securenet_tenant_id"
"""Header of SecureNet's tasks: id of the tenant. Defined again here because probes share no code
with the sender."""

ROUND_TRIP_COLUMNS = [
    "task",
    "queue",
    "task_id",
    "state",
    "submitted_at",
    "latency_s",
    "result",
    "error",
]


@dataclass
class RoundTrip:
    """Round trip of one task; `sent` is a time of the monotonic clock."""

    signature: Signature
    task_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    submitted_at: pd.Timestamp | None = None
    sent_at: float = 0.0
    latency_s: float = math.nan
    state: str = states.PENDING
    result: Any = None

    @property
    def queue(self) -> str:
        """Queue to which the task is routed."""
        return route(self.signature)

    @property
    def age_s(self) -> float:
        """Seconds since the task was sent."""
        return time.monotonic() - self.sent_at

    @property
    def is_done(self) -> bool:
        """Whether the state is final."""
        return self.state in states.READY_STATES

    def apply(self, meta: dict[str, Any]) -> None:
        """Apply a state that was published by the result backend."""
        self.state, self.result = meta["status"], meta["result"]
        if self.is_done:
            self.latency_s = self.age_s

    def row(self) -> list[Any]:
        """Return the cells in the order of `ROUND_TRIP_COLUMNS`."""
        result = self.result if self.state == states.SUCCESS else None
        error = _format_error(self.result) if self.state in states.EXCEPTION_STATES else ""
        return [
            self.signature.task,
            self.queue,
            self.task_id,
            self.state,
            self.submitted_at,
            self.latency_s,
            result,
            error,
        ]


def route(signature: Signature) -> str:
    """Return the queue to which the signature's own application routes it."""
    sig = signature
    options = sig.app.amqp.router.route(sig.options, sig.task, sig.args, sig.kwargs)
    return str(getattr(options["queue"], "name", options["queue"]))


def for_tenant(signature: Signature, tenant_id: str) -> Signature:
    """Return a copy of the signature whose task belongs to this tenant."""
    headers = {**signature.options.get("headers", {}), TENANT_HEADER: tenant_id}
    return signature.clone().set(headers=headers)


def receive_state(subscription: Any, waiting: dict[str, RoundTrip], timeout_s: float) -> bool:
    """Apply one published task state; return False if none arrives within `timeout_s`."""
    message = subscription.get_message(timeout=max(0.0, timeout_s))
    if message is None:
        return False
    waiting[message["channel"].decode()].apply(json.loads(message["data"]))
    return True


def _format_error(result: Any) -> str:
    if not isinstance(result, dict):
        return str(result)
    message = result.get("exc_message")
    text = " ".join(map(str, message)) if isinstance(message, list) else str(message)
    return f"{result.get('exc_type')}: {text}"


def compute_latency_percentiles(trips: pd.DataFrame) -> pd.Series:
    """Return p50, p95 and p99 of the latencies of finished tasks, in seconds; NaN without any."""
    quantiles = trips["latency_s"].astype("float64").quantile([0.50, 0.95, 0.99])
    return quantiles.set_axis(["p50", "p95", "p99"])


def count_tasks_by_worker(trips: pd.DataFrame) -> pd.DataFrame:
    """Return the workers that executed canaries: `queue`, `hostname` and `tasks`, their number.

    A canary is a task that returns `queue` and `hostname` of the worker that ran it.
    """
    results = [result for result in trips["result"] if isinstance(result, dict)]
    canaries = pd.DataFrame(results, columns=["queue", "hostname"]).dropna()
    return canaries.groupby(["queue", "hostname"]).size().rename("tasks").reset_index()
