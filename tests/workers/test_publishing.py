"""Handing tasks over from a process that must not wait."""

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from celery import Celery, Task

from securenet_obs.errors import PayloadTooLargeError, PublishError
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import create_celery
from securenet_obs.workers.publishing import LARGEST_PAYLOAD, bound_waits, publish


def echo(token: str) -> str:
    """Be a task."""
    return token


def application(port: int) -> Celery:
    """Return an application whose Redis is at a port."""
    url = f"redis://127.0.0.1:{port}"
    app = create_celery(Settings(redis_url=f"{url}/0", result_url=f"{url}/1"))
    bound_waits(app)
    return app


@pytest.mark.parametrize("hangs", [False, True])
def test_a_broker_that_is_away_is_an_error_in_time(hangs: bool) -> None:
    """Refused or silent, within two seconds, and again the second time."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if hangs:
            silent.listen(20)
        app = application(silent.getsockname()[1])
        task = app.task(name="securenet_obs.workers.tasks.echo_canary")(echo)
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(PublishError, match="echo_canary"):
                publish(task, "token")
            assert time.monotonic() - began < 2


def test_patience_differs_by_process() -> None:
    """Bounding one application's waits leaves another's alone."""
    patient = create_celery(Settings()).conf.broker_transport_options["socket_timeout"]
    assert application(1).conf.broker_transport_options["socket_timeout"] < 1 < patient


LARGE = "x" * LARGEST_PAYLOAD


@pytest.mark.parametrize(
    "send",
    [
        lambda task: publish(task, LARGE),
        lambda task: task.apply_async((LARGE,), queue="logs"),
        lambda task: task.app.send_task(task.name, kwargs={"token": LARGE}),
        lambda task: (task.s("small") | task.s(LARGE)).apply_async(),
    ],
)
def test_too_large_a_payload_is_refused_by_whoever_sends_it(send: Callable[[Task], Any]) -> None:
    """The error names the task, the size, the limit and what to do; nothing reaches the broker."""
    task = application(1).task(name="tested.echo", shared=False)(echo)
    with pytest.raises(PayloadTooLargeError, match=r"tested.echo: .*262,\d+ bytes.*the store"):
        send(task)


def test_what_is_just_small_enough_is_sent(redis_server: Any) -> None:
    """The limit is the payload's, envelope not included."""
    address = redis_server.environment["REDIS_URL"].removesuffix("/0")
    app = create_celery(Settings(redis_url=f"{address}/8", result_url=f"{address}/9"))
    publish(app.task(name="tested.echo", shared=False)(echo), LARGE[200:])
    with redis.Redis.from_url(f"{address}/8") as client:
        assert client.llen("default") == 1
        client.flushdb()
