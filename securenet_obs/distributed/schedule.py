"""Slots of the schedule: commands of their own, and those that were missed, which are recorded."""

import hashlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

import structlog
from celery.schedules import crontab

from securenet_obs.distributed.configuration import DISPATCH_EXPIRES_S, parse_schedule
from securenet_obs.distributed.names import COMMAND_TIME, SCHEDULE_KEY, SLOT_KEY
from securenet_obs.distributed.place import Place
from securenet_obs.distributed.plans import Plan, close_command, close_others, planned_runs
from securenet_obs.distributed.presence import reaching
from securenet_obs.runner.notebook.roots import default_root
from securenet_obs.runner.orders import orders_to_validate, plan_of
from securenet_obs.runner.record.provenance import read_provenance
from securenet_obs.runner.target import environment_target
from securenet_obs.workers.windows import slots_after

MAX_MISSED = 50
"""Maximum number of missed slots that are recorded at a time, the latest ones."""

_SLOT = "%Y-%m-%dT%H:%MZ"

_log = structlog.get_logger(__name__)


def look(place: Place, client: Any, schedule: str, current: str = "") -> list[str]:
    """Close overdue commands, and record the slots at which nothing was sent.

    Args:
        place: shared place of evidence.
        client: client of the validations' Redis.
        schedule: crontab of all validations; empty if there is none.
        current: slot whose runs are about to be sent.

    Returns:
        The ids of the commands that were closed or recorded.

    Raises:
        EvidenceError: the shared place cannot be read or written.
        SettingsError: the crontab cannot be parsed.
        UnreachableError: Redis does not answer, or takes no writes.
    """
    if schedule:
        parse_schedule(schedule)
    closed = close_others(place, client)
    if not schedule:
        return closed
    with reaching():
        last = parse_slot(client.get(SLOT_KEY) or "")
        before = client.get(SCHEDULE_KEY) or schedule
        if last is None:
            note_slot(client, f"{datetime.now(UTC):{_SLOT}}", schedule)
            return closed
    if before != schedule and not current:
        # A caller may check in by a schedule of its own: a worker records the slots of beat's.
        return closed
    # A worker may still take the task of a later slot.
    oldest = datetime.fromtimestamp(time.time() - DISPATCH_EXPIRES_S - 60, UTC)
    until = parse_slot(current) or oldest
    missed = [slot for slot in _common_slots(schedule, before, last, until) if slot != current]
    for slot in missed[-MAX_MISSED:]:
        _record_missed(place, client, slot)
        with reaching():
            client.set(SLOT_KEY, slot)
    return closed + [command_id(slot) for slot in missed[-MAX_MISSED:]]


def note_slot(client: Any, slot: str, schedule: str) -> None:
    """Record the latest slot that was sent, and its schedule."""
    client.mset({SLOT_KEY: slot, SCHEDULE_KEY: schedule})


def _record_missed(place: Place, client: Any, slot: str) -> None:
    command = command_id(slot)
    orders = orders_to_validate(default_root())
    opened = {
        **opened_fields(command, f"due by the schedule at {slot}"),
        "target": environment_target(checked=False).facts(),
        "planned": [plan_of(order) for order in orders],
    }
    reason = f"missed: nothing was sent at {slot}; beat or every validation worker was away"
    plan = Plan(command, opened, planned_runs(command, orders), 0.0, scheduled=True, missed=reason)
    place.put_plan(command, plan.as_json())
    close_command(place, client, command)
    _log.warning("validations_missed", slot=slot)


def opened_fields(command: str, reason: str) -> dict[str, Any]:
    """Return the fields of the journal's first event, except target and orders."""
    return {
        "id": command,
        "command": "validate",
        "pid": os.getpid(),
        "resumes": "",
        "schedule": reason,
        **read_provenance(),
    }


def command_id(window: str) -> str:
    """Return the id of a slot's command, the same for every worker."""
    moment = parse_slot(window) or datetime.now(UTC)
    digest = hashlib.sha256(window.encode()).hexdigest()[:8]
    return f"{moment:{COMMAND_TIME}}-{digest}"


def parse_slot(slot: str) -> datetime | None:
    """Return the time of a slot; None for another text."""
    try:
        return datetime.strptime(slot, _SLOT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _common_slots(schedule: str, before: str, after: datetime, until: datetime) -> list[str]:
    """Return the slots of two schedules, after one moment and up to another.

    The schedule has changed at some time between: a slot of one of them alone may never have been
    due.
    """
    slots = [set(_slots(parse_schedule(text), after, until)) for text in (schedule, before)]
    return sorted(set.intersection(*slots))


def _slots(schedule: crontab, after: datetime, until: datetime) -> Iterator[str]:
    """Yield the slots of a schedule after one moment and up to another."""
    for moment in takewhile(lambda moment: moment <= until, slots_after(schedule, after)):
        yield f"{moment:{_SLOT}}"
