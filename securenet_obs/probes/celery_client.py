"""Celery as probes use it: it sends tasks and asks workers, and listens for no result."""

from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery
from celery.app.control import Inspect

from securenet_obs.probes.redis_reading import TIMEOUT_S, answering, open_redis
from securenet_obs.settings import Settings


def celery_client(settings: Settings) -> Celery:
    """Return an application that knows no task and waits for nothing longer than `TIMEOUT_S`."""
    app = Celery("securenet-probe", set_as_current=False, backend="disabled")
    app.conf.update(
        broker_url=settings.redis_url.get_secret_value(),
        broker_connection_timeout=TIMEOUT_S,
        broker_transport_options={
            "socket_timeout": TIMEOUT_S,
            "socket_connect_timeout": TIMEOUT_S,
            "max_retries": 0,
        },
        task_publish_retry=False,
    )
    return app


@contextmanager
def inspecting(settings: Settings, timeout_s: float) -> Iterator[Inspect]:
    """Yield what asks all workers and waits `timeout_s` seconds for the answers to a question.

    It has a connection of its own: one that is kept may have been closed since it was used last,
    and then the workers of a Redis that was restarted would seem to be gone.

    Raises:
        ForbiddenError: Redis refuses.
        UnreachableError: Redis does not answer in time.
    """
    app = celery_client(settings)
    with answering(settings.redis_url, "REDIS_URL"):
        with open_redis(settings.redis_url, "REDIS_URL") as redis:
            redis.ping()
        with app.connection_for_read() as connection:
            yield app.control.inspect(timeout=timeout_s, connection=connection)
