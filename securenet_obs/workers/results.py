"""Reads a task's state and result, and the error event of a failed one."""

from dataclasses import dataclass
from typing import Any

from celery import states
from redis.exceptions import RedisError

from securenet_obs.errors import UnreachableError
from securenet_obs.monitoring.task_signals import EVENT_KEY
from securenet_obs.workers.celery_app import celery_app


@dataclass(frozen=True)
class TaskState:
    """State of a task; an unknown one is `PENDING`, since Redis does not list the tasks sent."""

    task_id: str
    state: str
    result: Any
    error: dict[str, str] | None
    event_id: str | None


def task_state(task_id: str) -> TaskState:
    """Return the state of a task.

    Raises:
        UnreachableError: the result backend did not answer.
    """
    backend = celery_app.backend
    try:
        meta = backend.get_task_meta(task_id)
        event_id = backend.client.get(EVENT_KEY.format(task_id=task_id))
    except (RedisError, OSError) as error:
        raise UnreachableError("the result backend did not answer") from error
    failed = meta["status"] in states.EXCEPTION_STATES
    return TaskState(
        task_id=task_id,
        state=meta["status"],
        result=meta["result"] if meta["status"] == states.SUCCESS else None,
        error=_error(meta["result"]) if failed else None,
        event_id=event_id.decode() if event_id else None,
    )


def _error(result: Any) -> dict[str, str]:
    return {"type": type(result).__name__, "message": str(result)}
