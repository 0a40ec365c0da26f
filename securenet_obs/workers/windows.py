"""Windows (schedule slots) of periodic tasks: header, latest slot, task ids derived from them."""

import copy
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from celery.schedules import crontab

WINDOW_HEADER = "securenet_window"
"""Header of a task that beat or a dispatcher sent: its slot, or another key."""

_SPANS = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=36_500))
"""Spans before now in which the latest slot is looked for; the first one is enough for most."""

_NAMESPACE = uuid.UUID("6f2d3c1e-9a37-4d0c-8a64-2f3a3b0e5d71")


def window_of(request: Any) -> str:
    """Return a task's window; a task that was sent manually has its own id as window."""
    return str(request.get(WINDOW_HEADER) or request.id)


def task_id_of(task: str, tenant_id: str, window: str) -> str:
    """Return the id of a tenant's task in a window: the same for every sender and every time."""
    return str(uuid.uuid5(_NAMESPACE, f"{task} {tenant_id} {window}"))


def latest_slot(schedule: crontab, last_run_at: datetime) -> str | None:
    """Return the latest time at which an entry was due, after `last_run_at` and up to now."""
    now = schedule.now()
    for span in _SPANS:
        since = max(last_run_at, now - span)
        *_, slot = (None, *takewhile(lambda moment: moment <= now, slots_after(schedule, since)))
        if slot is not None:
            return f"{slot:%Y-%m-%dT%H:%MZ}"
        if since == last_run_at:
            break
    return None


def slots_after(schedule: crontab, moment: datetime) -> Iterator[datetime]:
    """Yield the times at which an entry is due after a moment, without end.

    On another day than today Celery knows one time of each hour only, so that today is always the
    day of the time before.

    Raises:
        RuntimeError: no day is one of the schedule's.
    """
    clock = copy.copy(schedule)
    clock.nowfun = lambda: moment
    while True:
        moment = moment + clock.remaining_delta(moment)[1]
        yield moment
