"""The command line of a validation worker is one that Celery accepts."""

import sys

from securenet_obs.distributed.worker.command import build_worker_command


def test_the_worker_consumes_the_queue_of_validations() -> None:
    """It has this interpreter, the application, its name and its queue."""
    command = build_worker_command("validation@host")
    assert command[:3] == [sys.executable, "-m", "celery"]
    assert {"--hostname=validation@host", "--queues=validation"} <= set(command)
