"""Faulty tasks that a tested worker has beside SecureNet's."""

import contextlib
import logging
import os
import signal
import time
from pathlib import Path
from typing import Any

import sentry_sdk
import structlog
from celery.exceptions import SoftTimeLimitExceeded
from celery.worker.control import control_command
from sqlalchemy.exc import OperationalError

from securenet_obs.errors import DiagnosticError
from securenet_obs.monitoring import bind_tenant
from securenet_obs.workers.celery_app import celery_app
from securenet_obs.workers.celery_fixes import requests

# Fewer than usual: each is a killed process to wait for.
requests.MAX_STARTS = 2

log = structlog.get_logger("tested")


@celery_app.task(bind=True, name="tested.retried", max_retries=2)
def retried(self: Any) -> int:
    """Retry twice."""
    log.info("tried", attempt=self.request.retries)
    if self.request.retries < 2:
        raise self.retry(countdown=0.05)
    return int(self.request.retries)


@celery_app.task(name="tested.parent")
def parent() -> str:
    """Send a child task."""
    return str(celery_app.send_task("tested.child", queue="default").id)


@celery_app.task(name="tested.child")
def child() -> None:
    """Log a line."""
    log.info("child_ran")


@celery_app.task(name="tested.leave_tenant")
def leave_tenant() -> int:
    """Bind a tenant and do not clear it."""
    bind_tenant("left-behind")
    return os.getpid()


@celery_app.task(name="tested.return_secret")
def return_secret(argument: str) -> str:
    """Return a secret."""
    return argument


@celery_app.task(name="tested.logs_and_fails")
def logs_and_fails() -> None:
    """Log an error, and fail with it."""
    try:
        raise DiagnosticError("logged twice")
    except DiagnosticError:
        log.exception("ours")
        logging.getLogger("theirs").exception("theirs")
        raise


@celery_app.task(bind=True, name="tested.marks_and_fails")
def marks_and_fails(self: Any) -> None:
    """Set data on its Sentry scope, and fail."""
    sentry_sdk.set_tag("number", self.request.id)
    sentry_sdk.add_breadcrumb(message=f"number {self.request.id}")
    raise DiagnosticError("marked")


@celery_app.task(name="tested.prints")
def prints() -> None:
    """Print plain text."""
    print("plain text from a task")


@celery_app.task(name="tested.dies")
def dies() -> None:
    """Kill its process."""
    os.kill(os.getpid(), signal.SIGKILL)


@celery_app.task(name="tested.dies_once")
def dies_once(marker: str) -> str:
    """Kill its process at the first start."""
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "ended"


@celery_app.task(name="tested.sleeps")
def sleeps(seconds: float) -> float:
    """Sleep."""
    time.sleep(seconds)
    return seconds


@celery_app.task(name="tested.waits_for")
def waits_for(marker: str) -> None:
    """Run until a file exists."""
    while not Path(marker).exists():
        time.sleep(0.02)


@celery_app.task(name="tested.hangs", soft_time_limit=0.5, time_limit=1)
def hangs() -> None:
    """Run beyond its hard time limit."""
    with contextlib.suppress(SoftTimeLimitExceeded):
        time.sleep(60)
    time.sleep(60)


@celery_app.task(name="tested.overruns", soft_time_limit=0.5)
def overruns() -> None:
    """Run beyond its soft time limit."""
    time.sleep(60)


@celery_app.task(name="tested.fails_until")
def fails_until(marker: str, password: str = "") -> str:
    """Fail with its argument in the message, unless a file exists."""
    if not Path(marker).exists():
        raise ValueError(f"redis://:{password or 'hunter2hunter2'}@cache:6379 is away")
    return "ended"


@celery_app.task(
    name="tested.is_away", autoretry_for=(OperationalError,), max_retries=1, retry_backoff=1
)
def is_away() -> None:
    """Fail as with an unavailable store."""
    raise OperationalError("SELECT 1", {}, Exception("database is locked"))


@control_command()
def lose_poll(state: Any) -> dict[str, str]:
    """Remove the poll of the queues from the worker's event loop, as kombu#2492 did."""
    state.consumer.hub.on_tick.clear()
    return {"ok": "lost"}
