"""Announces the runs of a command: checks them in with Sentry, and notifies changes of verdicts."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from securenet_obs.errors import NotificationError, SettingsError
from securenet_obs.notifications.check_ins import check_in
from securenet_obs.notifications.delivery import deliver
from securenet_obs.notifications.messages import build_message
from securenet_obs.notifications.standings import UNCOUNTED, Change, is_due, open_standings
from securenet_obs.runner.comparison.target_name import name_target
from securenet_obs.runner.record.attempts import attempts
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.runner.target import Target
from securenet_obs.settings import Settings, settings_from


def announce(
    runs: Sequence[RunRecord], target: Target, folder: Path, now: Callable[[], float] = time.time
) -> list[str]:
    """Check the validations of a command in, and notify changes; return a sentence per problem.

    A target without NOTIFY_URLS and VALIDATION_SCHEDULE is left alone. A problem changes no
    verdict.

    Args:
        runs: the command's runs.
        target: the target, whose variables configure both.
        folder: evidence folder of the command; the standings are beside it.
        now: the clock, in Unix seconds.
    """
    try:
        settings = settings_from(target.environment)
    except SettingsError as error:
        return [str(error)]
    finals = [group.final for group in attempts(runs)]
    judged = [run for run in finals if run.kind == "validation" and run.judged]
    return [*_check_in(settings, judged), *_notify(settings, judged, target, folder, now())]


def _verdict(run: RunRecord) -> str:
    return str((run.judged or {}).get("verdict"))


def _check_in(settings: Settings, runs: Sequence[RunRecord]) -> list[str]:
    if not settings.validation_schedule:
        return []
    problems = []
    for run in runs:
        if _verdict(run) == Verdict.SKIPPED:
            continue
        seconds = float((run.judged or {}).get("seconds") or 0.0)
        try:
            check_in(settings, str(run.started["notebook"]), _verdict(run), seconds)
        except NotificationError as error:
            problems.append(str(error))
    return list(dict.fromkeys(problems))


def _notify(
    settings: Settings, runs: Sequence[RunRecord], target: Target, folder: Path, at: float
) -> list[str]:
    if not settings.notify_urls.get_secret_value():
        return []
    records = {str(run.started["notebook"]): run for run in runs}
    try:
        with open_standings(folder.parent) as standings:
            changes = [
                standings.take(notebook, name_target(target.facts()), _verdict(run), at)
                for notebook, run in records.items()
                if _verdict(run) not in UNCOUNTED
            ]
            due = [change for change in changes if is_due(change.now, at, settings.notify_after_s)]
            problems, was_sent = _send(settings, due, records, folder)
            if was_sent:
                standings.mark_notified(due)
    except OSError as error:
        return [f"{folder.parent}: the standings cannot be written: {error.strerror}"]
    return problems


def _send(
    settings: Settings, due: Sequence[Change], records: dict[str, RunRecord], folder: Path
) -> tuple[list[str], bool]:
    """Return the problems of the delivery, and whether an address took it."""
    if not due:
        return [], False
    try:
        return deliver(settings.notify_urls, build_message(due, records, folder)), True
    except NotificationError as error:
        return [str(error)], False
