"""Sends runs to the queue of validations."""

import functools
from datetime import UTC, datetime

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from securenet_obs.distributed.configuration import configure
from securenet_obs.distributed.message import Message
from securenet_obs.distributed.names import RUN
from securenet_obs.errors import UnreachableError
from securenet_obs.workers.celery_fixes.transport import install_transport
from securenet_obs.workers.names import VALIDATION_QUEUE


@functools.cache
def sender(broker: str) -> Celery:
    """Return the application by which this process sends to a broker."""
    install_transport()
    return configure(Celery("securenet-validation-caller", set_as_current=False), broker)


def send(broker: str, message: Message) -> None:
    """Send a run; it expires when its command is due.

    Raises:
        UnreachableError: the broker does not take it.
    """
    try:
        expires = datetime.fromtimestamp(message.due_at, UTC)
        sender(broker).send_task(
            RUN,
            [message.as_json()],
            task_id=message.run,
            queue=VALIDATION_QUEUE,
            expires=expires,
            ignore_result=True,
        )
    except (OperationalError, RedisError, OSError) as error:
        raise UnreachableError(
            f"The broker of validations does not take the run: {type(error).__name__}. "
            "VALIDATION_BROKER_URL names it; by default it is two databases after REDIS_URL."
        ) from error
