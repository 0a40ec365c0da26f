"""Maps error events to runbooks, by the exception's type, the logger or the task."""

from collections.abc import Iterator, Mapping
from typing import Any

RUNBOOKS: Mapping[str, str] = {
    "exception:securenet_obs.errors.PublishError": "queue_is_growing",
    "exception:kombu.exceptions.OperationalError": "queue_is_growing",
    "exception:redis.exceptions.ConnectionError": "queue_is_growing",
    "exception:redis.exceptions.TimeoutError": "queue_is_growing",
    "exception:redis.exceptions.BusyLoadingError": "redis_refuses_writes",
    "exception:redis.exceptions.NoPermissionError": "redis_refuses_writes",
    "exception:redis.exceptions.ReadOnlyError": "redis_refuses_writes",
    "logger:celery.worker.consumer.consumer": "queue_is_growing",
    "logger:securenet_obs.detection.vulnerabilities.stored.scans": "critical_vulnerability_found",
}
"""`exception:`, `logger:` or `task:` and a full name -> the notebook in runbooks/."""


def runbook_for(event: Mapping[str, Any]) -> str | None:
    """Return the name of an event's runbook, if any; the outermost exception is matched first."""
    return next((RUNBOOKS[key] for key in _keys(event) if key in RUNBOOKS), None)


def _keys(event: Mapping[str, Any]) -> Iterator[str]:
    exceptions = event.get("exception")
    values = exceptions.get("values") if isinstance(exceptions, Mapping) else None
    for value in reversed(values if isinstance(values, list) else []):
        if isinstance(value, Mapping):
            yield f"exception:{value.get('module')}.{value.get('type')}"
    yield f"task:{event.get('transaction')}"
    yield f"logger:{event.get('logger')}"
