"""Duties of a validation worker: runs a message, sends the runs of a slot."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog

from securenet_obs.distributed.announcing import check_in_scheduled
from securenet_obs.distributed.connection import connect, evidence_url
from securenet_obs.distributed.events import Publisher, telling_failures
from securenet_obs.distributed.message import Message, message_of
from securenet_obs.distributed.place import Place
from securenet_obs.distributed.plans import (
    Plan,
    close_command,
    longest_s,
    planned_runs,
    starts,
)
from securenet_obs.distributed.schedule import (
    command_id,
    look,
    note_slot,
    opened_fields,
    parse_slot,
)
from securenet_obs.distributed.sending import send
from securenet_obs.distributed.worker.running import WorkerRun
from securenet_obs.errors import EvidenceError, UnreachableError
from securenet_obs.processes.polling import Deadline
from securenet_obs.runner.notebook.roots import default_root
from securenet_obs.runner.orders import orders_to_validate, plan_of
from securenet_obs.runner.target import environment_target
from securenet_obs.settings import get_settings

SENDING_S = 300.0
"""Seconds for which a run of the schedule waits for a broker that is away."""

_log = structlog.get_logger(__name__)


def run(message: dict[str, Any], worker: str) -> None:
    """Run a message; announce it if the schedule sent it, and close its command after the last run.

    A run of a closed command is not started: its caller has given it up, or has its evidence.

    Raises:
        EvidenceError: the evidence cannot be written to the shared place.
        SettingsError: the worker has no shared place, or another release than the caller.
    """
    settings = get_settings()
    broker = settings.validation_broker.get_secret_value()
    targets = Path(settings.validation_targets) if settings.validation_targets else None
    with _telling_failures(connect(broker), message, worker):
        job = Message.of(message)
        place = Place(evidence_url(os.environ))
        with suppress(EvidenceError):
            place.delete_own_parts()
        is_closed = place.is_closed(job.command)
        # Behind the run another worker may have closed the command.
        plan = place.get_plan(job.command)
    if is_closed:
        _log.warning("validation_too_late", run=job.run, reason="its command is closed")
        return
    runs = WorkerRun(broker, place, targets, worker).execute(job)
    check_in_scheduled(plan, runs)
    close_command(place, connect(broker), job.command)


@contextmanager
def _telling_failures(client: Any, message: dict[str, Any], worker: str) -> Iterator[None]:
    """Send the caller the reason if its run cannot be started; the start is not counted."""
    command, run = str(message.get("command")), str(message.get("run"))
    attempt = starts(client, run) + 1
    with telling_failures(Publisher(client, command, run, attempt, worker)):
        yield


def dispatch(window: str, schedule: str = "") -> None:
    """Send a run of every validation for a slot of the schedule, once for each slot.

    Args:
        window: the slot, or the id of a task that was sent by hand.
        schedule: crontab of the beat that sent the task; empty if it was sent by hand.

    Raises:
        EvidenceError: the plan cannot be written to the shared place.
        UnreachableError: the broker does not take the runs.
    """
    settings = get_settings()
    broker = settings.validation_broker.get_secret_value()
    place, client = Place(evidence_url(os.environ)), connect(broker)
    schedule = schedule or settings.validation_schedule
    look(place, client, schedule, current=window)
    command = command_id(window)
    if place.get_plan(command) is not None or place.is_closed(command):
        return  # This task was delivered twice.
    root, target = default_root(), environment_target(checked=False)
    orders = orders_to_validate(root)
    due_at = time.time() + longest_s(orders)
    opened = {
        **opened_fields(command, f"sent by the schedule for {window}"),
        "target": target.facts(),
        "planned": [plan_of(order) for order in orders],
    }
    runs = planned_runs(command, orders)
    place.put_plan(command, Plan(command, opened, runs, due_at, scheduled=True).as_json())
    if parse_slot(window):
        note_slot(client, window, schedule)
    for order, row in zip(orders, runs, strict=True):
        _send(broker, message_of(order, root, target, command, row.run, due_at))
    _log.info("validations_sent", window=window, runs=len(runs))


def _send(broker: str, message: Message) -> None:
    """Send a run of the schedule; a broker that is away is waited for.

    Raises:
        UnreachableError: it stays away.
    """
    deadline = Deadline.after(SENDING_S)
    while True:
        try:
            return send(broker, message)
        except UnreachableError:
            if deadline.has_passed:
                raise
            time.sleep(1.0)
