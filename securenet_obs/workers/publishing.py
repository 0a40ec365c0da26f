"""Hands a task to the broker within two seconds, or says that it could not."""

from typing import Any

from celery import Celery, Task
from celery.app.amqp import AMQP
from celery.result import denied_join_result
from kombu.exceptions import OperationalError
from kombu.serialization import dumps
from redis.exceptions import RedisError

from securenet_obs.errors import PayloadTooLargeError, PublishError

SOCKET_TIMEOUT_S = 0.5
"""Seconds that a client waits for Redis; three times that when a connection breaks while used."""

LARGEST_PAYLOAD = 256 * 1024
"""Bytes of a task's serialised arguments; Redis holds every message in memory."""


class BoundedMessages(AMQP):  # type: ignore[misc] # Celery has no types
    """Celery's messages; whoever sends one, too large a payload is refused before it travels."""

    def as_task_v2(self, task_id: str, name: str, *args: Any, **options: Any) -> Any:
        """Return the message of a task.

        Raises:
            PayloadTooLargeError: its arguments take more than `LARGEST_PAYLOAD`.
        """
        message = super().as_task_v2(task_id, name, *args, **options)
        size = len(dumps(message.body, serializer=self.app.conf.task_serializer)[2])
        if size > LARGEST_PAYLOAD:
            raise PayloadTooLargeError(
                f"{name}: its arguments are {size:,} bytes, and {LARGEST_PAYLOAD:,} may travel "
                "through the broker. Put them into the store and send a reference, as the API does "
                "with a batch, or send them in parts."
            )
        return message


def bound_waits(app: Celery) -> None:
    """Let this process wait briefly for Redis: a worker may be patient, a request may not."""
    app.conf.broker_transport_options = {
        **app.conf.broker_transport_options,
        "socket_timeout": SOCKET_TIMEOUT_S,
        "socket_connect_timeout": SOCKET_TIMEOUT_S,
    }
    app.conf.redis_socket_timeout = app.conf.redis_socket_connect_timeout = SOCKET_TIMEOUT_S


def publish(task: Task, *arguments: Any, **options: Any) -> str:
    """Queue a task and return its id; `options` are those of `Task.apply_async`.

    Raises:
        PublishError: the broker did not take it.
        PayloadTooLargeError: its arguments take more than `LARGEST_PAYLOAD`.
    """
    # Celery subscribes to each sent task's result, for ever, unless told that nobody waits for it.
    with denied_join_result():
        try:
            return str(task.apply_async(arguments, retry=False, **options).id)
        except (OperationalError, RedisError, OSError) as error:
            raise PublishError(f"{task.name}: the broker did not take it.") from error
