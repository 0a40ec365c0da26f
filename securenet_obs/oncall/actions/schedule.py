"""Actions on the schedule: last times in the future, windows that were sent and not dispatched."""

import time
from collections.abc import Iterable

from securenet_obs.oncall.actions.step import Action
from securenet_obs.probes.celery.client import create_celery_client
from securenet_obs.probes.celery.names import SENT_KEY, WINDOW_HEADER
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.settings import Settings

_QUEUE = "default"
_EXPIRES_S = 3600


def reset_last_times(settings: Settings, entries: Iterable[str]) -> Action:
    """Return the action that replaces last times in the future by now.

    Args:
        settings: those of the target.
        entries: names of the entries.
    """
    names = sorted(entries)
    return Action(
        "reset_last_times",
        f"set the last time of {', '.join(names)} to now, in {SENT_KEY}",
        "none needed: each entry is due again after its period",
        lambda: {"entries": ", ".join(names)},
        lambda: _reset(settings, names),
    )


def _reset(settings: Settings, names: Iterable[str]) -> str:
    """Replace the times that still lie in the future: a repetition changes nothing."""
    changed = []
    with (
        translate_redis_errors(settings.results, "RESULT_URL"),
        open_redis(settings.results, "RESULT_URL") as results,
    ):
        for name in names:
            now, recorded = time.time(), results.hget(SENT_KEY, name)
            if recorded and float(recorded) > now:
                results.hset(SENT_KEY, name, repr(now))
                changed.append(name)
    return f"set to now: {', '.join(changed) or 'none, they had passed'}"


def run_window(settings: Settings, task: str, window: str) -> Action:
    """Return the action that sends an entry's task for one window, which runs once.

    Args:
        settings: those of the target.
        task: name of the task.
        window: the window, such as `2026-11-26T18:00Z`.
    """
    return Action(
        "run_window",
        f"send {task} for the window {window}; a window that has run is not run again",
        "revoke the task with the printed id before it runs",
        lambda: {"task": task, "window": window},
        lambda: _send(settings, task, window),
    )


def _send(settings: Settings, task: str, window: str) -> str:
    app = create_celery_client(settings)
    with translate_redis_errors(settings.redis_url, "REDIS_URL"):
        sent = app.send_task(
            task, headers={WINDOW_HEADER: window}, queue=_QUEUE, expires=_EXPIRES_S
        )
    return f"sent as task {sent.id}"
