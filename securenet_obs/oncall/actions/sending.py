"""Sends a task to a target's workers, as SecureNet's own senders do: the ledger records it."""

from collections.abc import Mapping, Sequence

from securenet_obs.probes.celery.client import create_celery_client
from securenet_obs.probes.celery.redis_reading import translate_redis_errors
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_fixes.transport import Transport

EXPIRES_S = 3600
"""Seconds after which no worker takes the task any more."""


def send_task(
    settings: Settings,
    name: str,
    arguments: Sequence[str] = (),
    *,
    queue: str,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Send a task.

    Args:
        settings: those of the target.
        name: full name of the task.
        arguments: its positional arguments.
        queue: queue to which it is sent.
        headers: headers of its message.

    Raises:
        ForbiddenError, RefusedError, UnreachableError: Redis does not take it.
    """
    app = create_celery_client(settings)
    app.conf.broker_transport = f"{Transport.__module__}:{Transport.__qualname__}"
    with translate_redis_errors(settings.redis_url, "REDIS_URL"):
        app.send_task(name, list(arguments), queue=queue, headers=headers, expires=EXPIRES_S)
