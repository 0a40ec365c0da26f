"""The validation worker as a part of the stack: it runs notebooks of `validate --on celery`."""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from securenet_obs.processes.guard import Guard
from securenet_obs.stack.part import Part
from securenet_obs.stack.parts.readiness import VALIDATION_WORKER, is_validation_worker_ready
from securenet_obs.workers.names import VALIDATION_QUEUE

SERVICE = "securenet-validation"
"""Name of the process in its log lines."""


def build_validation_command(name: str = VALIDATION_WORKER) -> list[str]:
    """Return the command line of a validation worker of this name, with this interpreter."""
    application = "--app=securenet_obs.distributed.worker.application"
    # A single run needs no gossip, and mingling only delays a worker's readiness.
    quick = ["--without-gossip", "--without-mingle"]
    celery = [sys.executable, "-m", "celery", "--quiet", application]
    return [*celery, "worker", f"--hostname={name}", f"--queues={VALIDATION_QUEUE}", *quick]


def create_validation_part(
    folder: Path, environment: Mapping[str, str], guard: Guard
) -> dict[str, Part]:
    """Return the part by its name, not yet started.

    Its log is not among those of the services, which validations judge.

    Args:
        folder: its own folder.
        environment: the target's variables.
        guard: ends the process when we cannot.
    """
    part = Part(
        "worker-validation",
        build_validation_command(),
        folder=folder,
        log=folder / "worker-validation.log",
        environment={**environment, "SERVICE_NAME": SERVICE, "PYTHONUNBUFFERED": "1"},
        ready=partial(is_validation_worker_ready, environment),
        address=VALIDATION_WORKER,
        guard=guard,
    )
    return {part.name: part}
