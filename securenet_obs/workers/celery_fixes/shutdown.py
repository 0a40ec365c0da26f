"""Bounds a worker's shutdown: running tasks may finish in time, all others are requeued."""

import os
import signal
import threading

import structlog
from celery import signals

from securenet_obs.settings import get_settings

_log = structlog.get_logger(__name__)


def connect_stopping() -> None:
    """Bound Celery's warm shutdown, which waits forever, by its cold one, which requeues tasks."""
    signals.worker_shutting_down.connect(_bound)


def _bound(how: str, **_: object) -> None:
    if how == "Warm":
        # A supervisor must wait longer than this: after its SIGKILL, tasks are not requeued.
        timer = threading.Timer(get_settings().worker_stop_s, _give_back)
        timer.daemon = True
        timer.start()


def _give_back() -> None:
    stop_s = get_settings().worker_stop_s
    _log.warning("tasks_given_back", reason="they did not end in time", stop_within_s=stop_s)
    os.kill(os.getpid(), signal.SIGQUIT)
