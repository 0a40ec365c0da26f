"""Payload limit: a sender cannot put more than the limit into Redis, by any way of sending."""

from collections.abc import Callable
from typing import Any

import pytest
import redis
from celery import Task

from securenet_obs.errors import PayloadTooLargeError
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import create_celery
from securenet_obs.workers.celery_fixes.payload_limit import MAX_PAYLOAD_BYTES
from securenet_obs.workers.publishing import Call, publish, publish_many

LARGE = "x" * MAX_PAYLOAD_BYTES


def echo(token: str) -> str:
    """Return the text."""
    return token


def create_task(address: str) -> Task:
    """Return a task of an application with this Redis."""
    app = create_celery(Settings(redis_url=f"{address}/8", result_url=f"{address}/9"))
    return app.task(name="tested.echo", shared=False)(echo)


@pytest.mark.parametrize(
    "send",
    [
        lambda task: publish(task, LARGE),
        lambda task: task.apply_async((LARGE,), queue="logs"),
        lambda task: task.app.send_task(task.name, kwargs={"token": LARGE}),
        lambda task: (task.s("small") | task.s(LARGE)).apply_async(),
    ],
)
def test_too_large_a_payload_is_refused_by_its_sender(send: Callable[[Task], Any]) -> None:
    """The error has task, size, limit and remedy, and no message reaches the broker."""
    task = create_task("redis://127.0.0.1:1")
    with pytest.raises(PayloadTooLargeError, match=r"tested.echo: .*262,\d+ bytes.*the store"):
        send(task)


def test_a_payload_of_the_limit_is_sent(redis_server: Any) -> None:
    """The limit applies to the payload without its envelope."""
    address = redis_server.environment["REDIS_URL"].removesuffix("/0")
    publish(create_task(address), LARGE[200:])
    with redis.Redis.from_url(f"{address}/8") as client:
        assert client.llen("default") == 1
        client.flushdb()


def test_too_large_a_payload_among_many_is_refused(redis_server: Any) -> None:
    """The error is the same as for a single task."""
    task = create_task(redis_server.environment["REDIS_URL"].removesuffix("/0"))
    with pytest.raises(PayloadTooLargeError, match=r"tested\.echo"):
        publish_many(task, [Call((LARGE,))])
