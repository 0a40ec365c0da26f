"""Faults of the schedule: beat gone for a night, a second beat, last times ahead, a lost window."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from sqlalchemy import delete

from securenet_obs.drills.faults import signals
from securenet_obs.errors import StackError
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.parts.services import build_beat_command
from securenet_obs.store import TaskEffect, session_at
from securenet_obs.workers.names import TICK_KEY
from securenet_obs.workers.schedule import ENTRIES_KEY, SENT_KEY

ENTRY = "vulnerability-scan"
"""The entry with times of the day whose records the faults change."""

_DISPATCHER = "securenet_obs.workers.tasks.dispatch_vulnerability_scans"
_GRACE_S = 120.0
_NIGHT_S = 12 * 3600
_HOUR_S = 3600
_OUTSIDE_SCHEDULER = "celery.beat:PersistentScheduler"


@contextmanager
def lose_beat_for_a_night(stack: LocalStack) -> Iterator[None]:
    """Kill beat, and set its records back by twelve hours: two windows of a scan were missed.

    Raises:
        StackError: beat has not recorded the entry.
    """
    signals.kill(stack.parts["beat"])
    try:
        with _open_results(stack) as results:
            _set_back(results)
        yield
    finally:
        if not stack.parts["beat"].is_running():
            stack.start_part("beat")


def _set_back(results: redis.Redis) -> None:
    recorded: Any = results.hget(ENTRIES_KEY, ENTRY)
    if recorded is None:
        raise StackError(f"Beat has not recorded {ENTRY}.")
    entry = json.loads(recorded)
    due = entry["next"] - _NIGHT_S
    before = due - _HOUR_S
    changed = {**entry, "last": before, "next": due}
    results.hset(ENTRIES_KEY, ENTRY, json.dumps(changed))
    results.hset(SENT_KEY, ENTRY, repr(before))
    results.set(TICK_KEY, repr(before), ex=_NIGHT_S)


@contextmanager
def double_beat(stack: LocalStack) -> Iterator[None]:
    """Run a second beat during the block, with Celery's own scheduler, which takes no lock."""
    command = build_beat_command(stack.folder / "beat" / "schedule-of-twin")
    twin = stack.parts["beat"].copy_with({}, [*command, "--scheduler", _OUTSIDE_SCHEDULER])
    twin.launch()
    try:
        yield
    finally:
        twin.stop()


@contextmanager
def date_ahead(stack: LocalStack) -> Iterator[None]:
    """Let an entry's last time lie an hour ahead, as a wrong clock records it."""
    with _sent_at(stack, time.time() + _HOUR_S):
        yield


@contextmanager
def lose_window(stack: LocalStack) -> Iterator[None]:
    """Let an entry be recorded as sent, for the latest window, without a dispatch in the store."""
    with session_at(stack.environment["DATABASE_URL"]) as session:
        session.execute(delete(TaskEffect).where(TaskEffect.task == _DISPATCHER))
    with _sent_at(stack, time.time() - _GRACE_S - 1):
        yield


@contextmanager
def _sent_at(stack: LocalStack, moment: float) -> Iterator[None]:
    """Set an entry's last sending during the block."""
    with _open_results(stack) as results:
        before: Any = results.hget(SENT_KEY, ENTRY)
        results.hset(SENT_KEY, ENTRY, repr(moment))
        try:
            yield
        finally:
            if before is None:
                results.hdel(SENT_KEY, ENTRY)
            else:
                results.hset(SENT_KEY, ENTRY, before)


def _open_results(stack: LocalStack) -> redis.Redis:
    return redis.Redis.from_url(stack.environment["RESULT_URL"])
