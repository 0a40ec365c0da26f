"""Windows: the slot of the schedule that a periodic task is for, carried in its headers."""

import uuid
from datetime import datetime
from typing import Any

from celery.schedules import crontab

WINDOW_HEADER = "securenet_window"
"""Header of a task that beat sent, or that such a task sent: its slot, or another key."""

_NAMESPACE = uuid.UUID("6f2d3c1e-9a37-4d0c-8a64-2f3a3b0e5d71")


def window_of(request: Any) -> str:
    """Return a task's window; one that was sent by hand is its own."""
    return str(request.get(WINDOW_HEADER) or request.id)


def task_id_of(task: str, tenant_id: str, window: str) -> str:
    """Return the one id that a tenant's task has in a window, whoever sends it, how often ever."""
    return str(uuid.uuid5(_NAMESPACE, f"{task} {tenant_id} {window}"))


def latest_slot(schedule: crontab, last_run_at: datetime) -> str | None:
    """Return the latest moment after `last_run_at` and not in the future when an entry was due."""
    slot, moment = None, last_run_at
    while True:
        _, until_next, now = schedule.remaining_delta(moment)
        moment = moment + until_next
        if moment > now:
            return None if slot is None else f"{slot:%Y-%m-%dT%H:%MZ}"
        slot = moment
