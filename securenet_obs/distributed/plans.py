"""Plans of commands in the shared place: written before the first run, closed when all have ended.

A command is closed by its caller, or, if it is the schedule's, by the worker of its last run. A
command that neither has closed at its time is closed by the process that looks next: runs without
evidence are recorded as missed.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog
from redis.exceptions import RedisError

from securenet_obs.distributed.announcing import notify_closed
from securenet_obs.distributed.merging import GIVEN_UP, merge, refusal_in, start_of
from securenet_obs.distributed.names import ATTEMPTS_KEY, CLOSING_KEY
from securenet_obs.distributed.place import Place
from securenet_obs.errors import EvidenceError
from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.scratch import scratch_folder
from securenet_obs.runner.evidence.closing import close
from securenet_obs.runner.evidence.folder import EvidenceFolder
from securenet_obs.runner.evidence.masking import Masker
from securenet_obs.runner.record import journal
from securenet_obs.runner.record.journal import Journal
from securenet_obs.runner.record.order import Order
from securenet_obs.runner.record.verdict import Judgement, Verdict

GRACE_S = 60.0
"""Seconds after the time of a command at which others close it."""

REDIS_S = 60.0
"""Seconds for which the closing of a command waits for a Redis that is away."""

_CLOSING_S = 120

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PlannedRun:
    """One run of a plan, with what is recorded of it if it is missed."""

    run: str
    notebook: str
    path: str
    title: str
    kind: str


@dataclass(frozen=True)
class Plan:
    """A command that was sent, or should have been.

    Attributes:
        command: id of the command, the name of its evidence folder.
        opened: fields of the first event of its journal.
        runs: its runs.
        due_at: Unix seconds after which no run is started.
        scheduled: whether the schedule sent it, so that no caller closes it.
        missed: reason for runs without evidence.
    """

    command: str
    opened: dict[str, Any]
    runs: list[PlannedRun]
    due_at: float
    scheduled: bool
    missed: str = "missed: no worker ran it in time"

    def as_json(self) -> dict[str, Any]:
        """Return the plan as it is written to the shared place."""
        return asdict(self)

    @classmethod
    def of(cls, data: dict[str, Any]) -> "Plan":
        """Return the plan of such data.

        Raises:
            EvidenceError: it is not that of a plan, or of one of another release.
        """
        try:
            return cls(**{**data, "runs": [PlannedRun(**row) for row in data["runs"]]})
        except (LookupError, TypeError) as error:
            raise EvidenceError(
                f"{data.get('command')}.plan.json: it is not a plan of this release; deploy the "
                "same release for the callers and the workers."
            ) from error


def planned_runs(command: str, orders: Sequence[Order]) -> list[PlannedRun]:
    """Return the runs of a command's orders, each with its id."""
    return [
        PlannedRun(
            f"{command}.{number}",
            order.notebook.name,
            str(order.notebook.path),
            order.notebook.title,
            order.notebook.declared.kind,
        )
        for number, order in enumerate(orders, start=1)
    ]


def longest_s(orders: Sequence[Order], retries: int = 0) -> float:
    """Return the seconds in which one worker would have ended the orders, with a margin.

    Args:
        orders: the command's orders.
        retries: how often each of them may be tried again.
    """
    return sum(order.run_deadline_s + 60 for order in orders) * (1 + retries) + 600


def close_others(place: Place, client: Any) -> list[str]:
    """Close overdue commands; return their ids.

    One that cannot be closed is left, with a warning: it must not hold up the others.

    Raises:
        EvidenceError: the shared place cannot be read.
    """
    return [command for command in place.open_commands() if _try_to_close(place, client, command)]


def _try_to_close(place: Place, client: Any, command: str) -> bool:
    try:
        return close_command(place, client, command)
    except EvidenceError as error:
        _log.warning("validation_not_closed", command=command, reason=str(error))
        return False


def close_command(place: Place, client: Any, command: str) -> bool:
    """Close a command's evidence if all runs have ended, or its time is over; return whether.

    A command of the schedule is announced then.

    Raises:
        EvidenceError: the shared place cannot be read or written.
    """
    data = place.get_plan(command)
    if data is None:
        return False
    if place.is_closed(command):
        # The process that closed it may be another user; its evidence is not made a second time.
        place.delete_plan(command)
        return False
    plan = Plan.of(data)
    is_late = time.time() > plan.due_at + GRACE_S
    has_ended = plan.scheduled and all(_has_ended(place, client, row.run) for row in plan.runs)
    if not (is_late or has_ended) or not _is_first(client, command):
        return False
    with scratch_folder("closing-") as scratch:
        folder = _build(place, plan, scratch)
        place.publish(command, folder.path, [row.run for row in plan.runs])
        runs = folder.record().runs
    if plan.scheduled:
        notify_closed(command, plan.opened["target"], client, place, runs)
    return True


def _is_first(client: Any, command: str) -> bool:
    """Return whether this process closes a command; two of them would write two versions."""

    def ask() -> bool | None:
        try:
            return bool(client.set(CLOSING_KEY.format(command=command), 1, nx=True, ex=_CLOSING_S))
        except (RedisError, OSError):
            return None

    # Nobody else may look before the next slot of the schedule.
    answer = poll_until(ask, lambda first: first is not None, deadline_s=REDIS_S, interval_s=1.0)
    return bool(answer)


def _has_ended(place: Place, client: Any, run: str) -> bool:
    """Return whether a run has left the evidence of its latest start."""
    attempt = _attempt(place, run)
    return bool(attempt) and attempt >= min(starts(client, run), 2)


def starts(client: Any, run: str) -> int:
    """Return how often a run was started; 0 if Redis does not answer."""
    try:
        return int(client.get(ATTEMPTS_KEY.format(run=run)) or 0)
    except (RedisError, OSError):
        return 0


def _attempt(place: Place, run: str) -> int:
    """Return the latest attempt of a run that left evidence; 0 if there is none."""
    return next((number for number in (2, 1) if place.has_part(run, number)), 0)


def _build(place: Place, plan: Plan, scratch: Path) -> EvidenceFolder:
    """Return the closed evidence folder of a plan."""
    path = scratch / plan.command
    path.mkdir()
    folder = EvidenceFolder(path, Journal.create(path / journal.NAME), Masker())
    folder.note("opened", **plan.opened)
    for row in plan.runs:
        _add(place, plan, row, folder, scratch / "parts" / row.run)
    close(folder)
    return folder


def _add(place: Place, plan: Plan, row: PlannedRun, folder: EvidenceFolder, part: Path) -> None:
    """Add a run to the evidence: from its part, or as one that was missed or refused."""
    run = folder.file_name(row.notebook, 1)
    attempt = _attempt(place, row.run)
    reason = plan.missed
    try:
        if attempt and place.get_part(row.run, attempt, part):
            reason = refusal_in(part)
            if not reason:
                started = start_of(part)
                folder.note(**{**started, "run": run, "first": run})
                merge(folder, run, part, task=row.run, delivery=attempt)
                return
    except (EvidenceError, ValueError, LookupError) as error:
        reason = f"the evidence of the worker cannot be used: {error}"
    is_refused = attempt and reason != GIVEN_UP
    verdict = Verdict.ERROR if is_refused else Verdict.INTERRUPTED
    _note_run(folder, run, row, Judgement(verdict, None, reason))


def _note_run(folder: EvidenceFolder, run: str, row: PlannedRun, judgement: Judgement) -> None:
    facts = {"notebook": row.notebook, "path": row.path, "title": row.title, "kind": row.kind}
    empty: dict[str, Any] = {"attempt": 1, "cells": 0, "declared": [], "parameters": {}}
    folder.note("run_started", run=run, first=run, **facts, **empty, compared=[])
    if judgement.verdict == Verdict.INTERRUPTED:
        folder.note("interrupted", run=run, reason=judgement.reason)
    judged = {"verdict": judgement.verdict, "cell": None, "reason": judgement.reason}
    folder.note("judged", run=run, **judged, seconds=0.0)
