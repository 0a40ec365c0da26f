"""Validation workers that are alive: each renews a key in Redis from its event loop."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from redis.exceptions import RedisError, ResponseError

from securenet_obs.distributed.names import WORKER_KEY, WRITTEN_KEY
from securenet_obs.errors import UnreachableError
from securenet_obs.workers.names import UNACKED_KEY, VALIDATION_QUEUE

PRESENCE_S = 5.0
"""Seconds between two signs of life of a worker."""

PRESENCE_TTL_S = 20
"""Seconds after which a worker without a sign of life does not count."""


def announce(client: Any, name: str) -> None:
    """Give a sign of life; one that Redis does not take is followed by the next."""
    with suppress(RedisError, OSError):
        client.set(WORKER_KEY.format(name=name), json.dumps({"name": name}), ex=PRESENCE_TTL_S)


def withdraw(client: Any, name: str) -> None:
    """Remove the signs of life of a worker that ends; they would expire."""
    with suppress(RedisError, OSError):
        client.delete(WORKER_KEY.format(name=name))


def living_workers(client: Any) -> list[dict[str, Any]]:
    """Return the validation workers that have given a sign of life lately, by name.

    Raises:
        UnreachableError: Redis does not answer.
    """
    with reaching():
        keys = sorted(client.scan_iter(WORKER_KEY.format(name="*"), count=1000))
        rows = client.mget(keys) if keys else []
    return [json.loads(row) for row in rows if row]


def has_messages(client: Any) -> bool:
    """Return whether a run waits in the queue, or a worker has one.

    Raises:
        UnreachableError: Redis does not answer.
    """
    with reaching():
        return bool(client.llen(VALIDATION_QUEUE) or client.hlen(UNACKED_KEY))


@contextmanager
def reaching() -> Iterator[None]:
    """Convert the errors of Redis within the block.

    Raises:
        UnreachableError: Redis does not answer.
    """
    try:
        yield
    except (RedisError, OSError) as error:
        raise UnreachableError(
            f"The Redis of validations does not answer: {type(error).__name__}. "
            "VALIDATION_BROKER_URL names it; by default it is two databases after REDIS_URL."
        ) from error


def refused_writes(client: Any) -> str:
    """Return the reason for which Redis takes no sign of life of any worker; empty if it does.

    Raises:
        UnreachableError: Redis does not answer.
    """
    with reaching():
        try:
            client.set(WRITTEN_KEY, 1, ex=1)
        except ResponseError as error:
            return f"the Redis of validations takes no writes: {type(error).__name__}"
    return ""


def require_writes(client: Any) -> None:
    """Refuse to conclude from missing signs of life that a worker is not alive.

    Raises:
        UnreachableError: Redis takes no sign of life, or does not answer.
    """
    if reason := refused_writes(client):
        raise UnreachableError(
            f"{reason[0].upper()}{reason[1:]}; it has no memory left, or is a replica."
        )


def require_workers(client: Any) -> None:
    """Refuse to send runs that no worker would take.

    Raises:
        UnreachableError: no validation worker is alive, or Redis does not answer or is full.
    """
    if not living_workers(client):
        require_writes(client)
        raise UnreachableError(
            "No validation worker is alive; start one where the notebooks are: celery --app "
            "securenet_obs.distributed.worker.application worker --queues validation"
        )
