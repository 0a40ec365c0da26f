"""Tasks that a tested worker has beside SecureNet's, to do what those never should."""

import logging
import os
import signal
from typing import Any

import structlog

from securenet_obs.errors import DiagnosticError
from securenet_obs.monitoring import bind_tenant
from securenet_obs.workers.celery_app import celery_app

log = structlog.get_logger("tested")


@celery_app.task(bind=True, name="tested.retried", max_retries=2)
def retried(self: Any) -> int:
    """Try again, and once more."""
    log.info("tried", attempt=self.request.retries)
    if self.request.retries < 2:
        raise self.retry(countdown=0.05)
    return int(self.request.retries)


@celery_app.task(name="tested.parent")
def parent() -> str:
    """Send a child."""
    return str(celery_app.send_task("tested.child", queue="default").id)


@celery_app.task(name="tested.child")
def child() -> None:
    """Log a line."""
    log.info("child_ran")


@celery_app.task(name="tested.leave_tenant")
def leave_tenant() -> int:
    """Bind a tenant and never let go of it."""
    bind_tenant("left-behind")
    return os.getpid()


@celery_app.task(name="tested.return_secret")
def return_secret(argument: str) -> str:
    """Return what only the caller may see."""
    return argument


@celery_app.task(name="tested.logs_and_fails")
def logs_and_fails() -> None:
    """Log the error that it fails with."""
    try:
        raise DiagnosticError("told twice")
    except DiagnosticError:
        log.exception("ours")
        logging.getLogger("theirs").exception("theirs")
        raise


@celery_app.task(name="tested.prints")
def prints() -> None:
    """Print plain text."""
    print("plain text from a task")


@celery_app.task(name="tested.dies")
def dies() -> None:
    """Take its process along."""
    os.kill(os.getpid(), signal.SIGKILL)
