"""A worker told to stop finishes what it runs, within bounds, and gives back all else."""

import os
import signal
import threading

import structlog
from celery import signals

STOP_WITHIN_S = 45
"""Seconds that running tasks are given; a supervisor kills after 60, and then nobody gives back."""

_log = structlog.get_logger(__name__)


def connect_stopping() -> None:
    """Bound Celery's warm shutdown, which waits for ever, by its cold one, which gives back."""
    signals.worker_shutting_down.connect(_bound)


def _bound(how: str, **_: object) -> None:
    if how == "Warm":
        timer = threading.Timer(STOP_WITHIN_S, _give_back)
        timer.daemon = True
        timer.start()


def _give_back() -> None:
    _log.warning("tasks_given_back", reason="they did not end in time", stop_within_s=STOP_WITHIN_S)
    os.kill(os.getpid(), signal.SIGQUIT)
