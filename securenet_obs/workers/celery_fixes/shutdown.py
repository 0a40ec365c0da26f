"""Bounds a worker's warm shutdown: after a time limit, unfinished tasks are requeued (SIGQUIT).

Buys: a worker with a task of 40 s and `WORKER_STOP_S` 4 stops in 11 s instead of 45 s, on a busy
machine, and requeues the task.
Without it: a stop takes as long as the longest task, or a supervisor kills the worker, and its
tasks wait for the visibility timeout of an hour.
Can go when Celery's soft shutdown (celery/celery#9213, merged) ends with the last task: set to 8 s,
it took 11 s for a task of 1 s (celery/celery#9505, closed, reports the same).
"""

import os
import signal
import threading

import structlog
from celery import signals

from securenet_obs.settings import get_settings

_log = structlog.get_logger(__name__)


def connect_shutdown() -> None:
    """Bound Celery's warm shutdown, which waits forever, by its cold one, which requeues tasks."""
    signals.worker_shutting_down.connect(_limit_shutdown)


def _limit_shutdown(how: str, **_: object) -> None:
    if how == "Warm":
        # A supervisor must wait longer than this: after its SIGKILL, tasks are not requeued.
        timer = threading.Timer(get_settings().worker_stop_s, _requeue_tasks)
        timer.daemon = True
        timer.start()


def _requeue_tasks() -> None:
    stop_s = get_settings().worker_stop_s
    _log.warning("tasks_requeued", reason="not finished in time", stop_within_s=stop_s)
    os.kill(os.getpid(), signal.SIGQUIT)
