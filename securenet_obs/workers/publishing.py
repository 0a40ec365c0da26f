"""Hands a task to the broker within two seconds, or says that it could not."""

from typing import Any

from celery import Celery, Task
from celery.result import denied_join_result
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from securenet_obs.errors import PublishError

SOCKET_TIMEOUT_S = 0.6
"""Seconds that a client waits for Redis; three times that when a connection breaks while used."""


def bound_waits(app: Celery) -> None:
    """Let this process wait briefly for Redis: a worker may be patient, a request may not."""
    app.conf.broker_transport_options = {
        **app.conf.broker_transport_options,
        "socket_timeout": SOCKET_TIMEOUT_S,
        "socket_connect_timeout": SOCKET_TIMEOUT_S,
    }
    app.conf.redis_socket_timeout = app.conf.redis_socket_connect_timeout = SOCKET_TIMEOUT_S


def publish(task: Task, *arguments: Any) -> str:
    """Queue a task and return its id.

    Raises:
        PublishError: the broker did not take it.
    """
    # Celery subscribes to each sent task's result, for ever, unless told that nobody waits for it.
    with denied_join_result():
        try:
            return str(task.apply_async(arguments, retry=False).id)
        except (OperationalError, RedisError, OSError) as error:
            raise PublishError(f"{task.name}: the broker did not take it.") from error
