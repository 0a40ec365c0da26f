"""Windows (schedule slots) of periodic tasks: header, latest slot, task ids derived from them."""

import uuid
from datetime import datetime
from typing import Any

from celery.schedules import crontab

WINDOW_HEADER = "securenet_window"
"""Header of a task that beat or a dispatcher sent: its slot, or another key."""

_NAMESPACE = uuid.UUID("6f2d3c1e-9a37-4d0c-8a64-2f3a3b0e5d71")


def window_of(request: Any) -> str:
    """Return a task's window; a task that was sent manually has its own id as window."""
    return str(request.get(WINDOW_HEADER) or request.id)


def task_id_of(task: str, tenant_id: str, window: str) -> str:
    """Return the id of a tenant's task in a window: the same for every sender and every time."""
    return str(uuid.uuid5(_NAMESPACE, f"{task} {tenant_id} {window}"))


def latest_slot(schedule: crontab, last_run_at: datetime) -> str | None:
    """Return the latest time at which an entry was due, after `last_run_at` and up to now."""
    slot, moment = None, last_run_at
    while True:
        _, until_next, now = schedule.remaining_delta(moment)
        moment = moment + until_next
        if moment > now:
            return None if slot is None else f"{slot:%Y-%m-%dT%H:%MZ}"
        slot = moment
