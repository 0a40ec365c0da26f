"""Command line of a validation worker."""

import sys

from securenet_obs.distributed.names import QUEUE


def build_worker_command(name: str) -> list[str]:
    """Return the command line of a validation worker of this name, with this interpreter."""
    application = "--app=securenet_obs.distributed.worker.application"
    # A single run needs no gossip, and mingling only delays a worker's readiness.
    quick = ["--without-gossip", "--without-mingle"]
    celery = [sys.executable, "-m", "celery", "--quiet", application]
    return [*celery, "worker", f"--hostname={name}", f"--queues={QUEUE}", *quick]
