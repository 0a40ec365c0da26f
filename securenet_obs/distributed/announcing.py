"""Announces what the schedule sent: runs check in with Sentry, commands notify their changes."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from securenet_obs.distributed.names import COMMAND_TIME
from securenet_obs.distributed.place import Place
from securenet_obs.distributed.standings import shared_standings
from securenet_obs.notifications import check_in_runs, notify_changes
from securenet_obs.runner.comparison.target_name import name_target
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.target import environment_target

_log = structlog.get_logger(__name__)


def check_in_scheduled(plan: dict[str, Any] | None, runs: Sequence[RunRecord]) -> None:
    """Check the runs of this worker in with Sentry, if the schedule sent them.

    They do not wait for the other runs of their command: Sentry expects them in time.

    Args:
        plan: plan of the command as JSON; None if it is closed.
        runs: the runs; none if the worker refused or cancelled it, which Sentry reports as missed.
    """
    if plan and plan["scheduled"]:
        _warn(check_in_runs(runs, environment_target(checked=False).environment))


def notify_closed(
    command: str, facts: dict[str, Any], client: Any, place: Place, runs: Sequence[RunRecord]
) -> None:
    """Notify the changes of a command of the schedule, in a process that has its target.

    A caller with another target does not know the addresses; the next command notifies then.

    Args:
        command: id of the command.
        facts: facts of its target.
        client: client of the validations' Redis.
        place: shared place, which has the evidence.
        runs: its runs.
    """
    target = environment_target(checked=False)
    if name_target(target.facts()) == name_target(facts):
        evidence, standings = f"{place.url}/{command}", partial(shared_standings, client)
        _warn(notify_changes(runs, target, evidence, standings, lambda: _slot_time(command)))


def _slot_time(command: str) -> float:
    """Return the Unix time in the id of a command, which may be closed late; now without one."""
    try:
        moment = datetime.strptime(command.partition("-")[0], COMMAND_TIME)
    except ValueError:
        return time.time()
    return moment.replace(tzinfo=UTC).timestamp()


def _warn(problems: Sequence[str]) -> None:
    for problem in problems:
        _log.warning("validation_not_announced", reason=problem)
