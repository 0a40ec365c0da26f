"""Announces the runs of a command: checks them in with Sentry, and notifies changes of verdicts."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from securenet_obs.errors import NotificationError, SettingsError
from securenet_obs.notifications.delivery import deliver
from securenet_obs.notifications.messages import build_message
from securenet_obs.notifications.standings import (
    UNCOUNTED,
    Change,
    Standings,
    is_due,
    open_standings,
)
from securenet_obs.runner.comparison.target_name import name_target
from securenet_obs.runner.record.attempts import attempts
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.target import Target
from securenet_obs.settings import Settings, settings_from

StandingsOpener = Callable[[], AbstractContextManager[Standings]]
"""Opens standings under a lock, and saves them at the end; raises NotificationError."""


def announce(
    runs: Sequence[RunRecord],
    target: Target,
    folder: Path,
    standings: StandingsOpener | None = None,
    now: Callable[[], float] = time.time,
) -> list[str]:
    """Check the validations of a command in, and notify changes; return a sentence per problem.

    A target without NOTIFY_URLS and VALIDATION_SCHEDULE is left alone. A problem changes no
    verdict.

    Args:
        runs: the command's runs.
        target: the target, whose variables configure both.
        folder: evidence folder of the command.
        standings: where the standings are; beside the evidence folder by default.
        now: the clock, in Unix seconds.
    """
    opener = standings or partial(open_standings, folder.parent)
    problems = check_in_runs(runs, target.environment)
    problems += notify_changes(runs, target, str(folder), opener, now)
    return list(dict.fromkeys(problems))


def check_in_runs(runs: Sequence[RunRecord], environment: Mapping[str, str]) -> list[str]:
    """Check validations in with Sentry, if they have a schedule; return a sentence per problem.

    Args:
        runs: runs that have ended, with all their attempts.
        environment: variables of the target.
    """
    try:
        settings = settings_from(environment)
    except SettingsError as error:
        return [str(error)]
    if not settings.validation_schedule:
        return []
    # Not at the top: Sentry's SDK and httpx take 0.1 s, and most targets have no schedule.
    from securenet_obs.notifications.check_ins import check_in

    problems = []
    for run in _judged(runs):
        if _verdict(run) in UNCOUNTED:
            continue
        seconds = float((run.judged or {}).get("seconds") or 0.0)
        try:
            check_in(settings, str(run.started["notebook"]), _verdict(run), seconds)
        except NotificationError as error:
            problems.append(str(error))
    return list(dict.fromkeys(problems))


def notify_changes(
    runs: Sequence[RunRecord],
    target: Target,
    evidence: str,
    standings: StandingsOpener,
    now: Callable[[], float] = time.time,
) -> list[str]:
    """Notify the changes that the runs of a command bring; return a sentence per problem.

    Args:
        runs: the command's runs.
        target: the target; its variables name the addresses.
        evidence: where the evidence of the command is.
        standings: where the standings are.
        now: the time of the command, in Unix seconds.
    """
    try:
        settings = settings_from(target.environment)
    except SettingsError as error:
        return [str(error)]
    counted = [run for run in _judged(runs) if _verdict(run) not in UNCOUNTED]
    records = {str(run.started["notebook"]): run for run in counted}
    if not settings.notify_urls.get_secret_value() or not records:
        return []
    name, at = name_target(target.facts()), now()
    try:
        with standings() as rows:
            taken = [
                rows.take(notebook, name, _verdict(run), at) for notebook, run in records.items()
            ]
            changes = [change for change in taken if change]
            due = [change for change in changes if is_due(change.now, at, settings.notify_after_s)]
            problems, was_sent = _send(settings, due, records, evidence)
            if was_sent:
                rows.mark_notified(due)
    except NotificationError as error:
        return [str(error)]
    return problems


def _judged(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the last attempts of validations that have ended."""
    finals = [group.final for group in attempts(runs)]
    return [run for run in finals if run.kind == "validation" and run.judged]


def _verdict(run: RunRecord) -> str:
    return str((run.judged or {}).get("verdict"))


def _send(
    settings: Settings, due: Sequence[Change], records: dict[str, RunRecord], evidence: str
) -> tuple[list[str], bool]:
    """Return the problems of the delivery, and whether an address took it."""
    if not due:
        return [], False
    try:
        return deliver(settings.notify_urls, build_message(due, records, evidence)), True
    except NotificationError as error:
        return [str(error)], False
