"""Publishing of tasks from a process that must not wait."""

import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from celery import Celery, Task

from securenet_obs.errors import PublishError
from securenet_obs.monitoring.task_telemetry import connect_task_signals
from securenet_obs.settings import Settings
from securenet_obs.workers import publishing
from securenet_obs.workers.celery_app import create_celery
from securenet_obs.workers.connections import shorten_timeouts
from securenet_obs.workers.publishing import Call, publish, publish_many
from securenet_obs.workers.results import connect_results, task_owner
from tests.busy import room_for


def echo(token: str) -> str:
    """Return the text."""
    return token


def application(port: int) -> Celery:
    """Return an application with Redis at a port."""
    url = f"redis://127.0.0.1:{port}"
    app = create_celery(Settings(redis_url=f"{url}/0", result_url=f"{url}/1"))
    shorten_timeouts(app)
    return app


@pytest.mark.parametrize("hangs", [False, True])
def test_an_unavailable_broker_is_an_error_in_time(hangs: bool) -> None:
    """A refused and an unanswered connection fail within two seconds, also the second time."""
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
            assert time.monotonic() - began < room_for(2)


@pytest.fixture
def by_threes(redis_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Task, Any]]:
    """Yield a task that is sent three at a time, and a client of its empty broker."""
    monkeypatch.setattr(publishing, "MAX_TASKS_PER_TRANSACTION", 3)
    connect_task_signals()
    connect_results()
    address = redis_server.environment["REDIS_URL"].removesuffix("/0")
    app = create_celery(Settings(redis_url=f"{address}/8", result_url=f"{address}/9"))
    with redis.Redis.from_url(f"{address}/8") as client:
        client.flushdb()
        yield app.task(name="tested.echo", shared=False)(echo), client
        client.flushdb()


@pytest.mark.slow
def test_many_tasks_are_executed(target: Any) -> None:
    """More tasks than fit one transaction return their own results from a real worker."""
    urls = {name: target.environment[name.upper()] for name in ("redis_url", "result_url")}
    app = create_celery(Settings(**urls))
    task = app.task(name="securenet_obs.workers.tasks.echo_canary", shared=False)(echo)
    count = publishing.MAX_TASKS_PER_TRANSACTION + 20
    ids = publish_many(task, (Call((f"token-{number}",)) for number in range(count)))
    results = [target.sent(task_id).get(timeout=60)["canary"] for task_id in ids]
    assert results == [f"token-{number}" for number in range(count)]


def test_many_tasks_have_headers_like_one(by_threes: tuple[Task, Any]) -> None:
    """Each has its id and headers, its tenant, its owner and its expiry."""
    task, client = by_threes
    options = {"task_id": "of-the-test", "headers": {"securenet_window": "w"}, "expires": 60}
    assert publish_many(task, [Call(("x",), "acme", options), Call(("y",))])[0] == "of-the-test"
    owned, free = (json.loads(text)["headers"] for text in reversed(client.lrange("default", 0, 9)))
    assert (owned["id"], owned["securenet_window"]) == ("of-the-test", "w")
    assert (owned["securenet_tenant_id"], owned["argsrepr"]) == ("acme", "(…)")
    assert datetime.fromisoformat(owned["expires"]) > datetime.now(UTC)
    assert "securenet_tenant_id" not in free
    assert task_owner(task.app, "of-the-test") == "acme"
    assert task_owner(task.app, free["id"]) is None


@pytest.mark.parametrize(
    ("argument", "expected"), [("x", [0, 0, 0, 3, 3, 3, 6]), ("x" * 9_000, [*range(7)])]
)
def test_many_tasks_take_little_memory(
    by_threes: tuple[Task, Any], monkeypatch: pytest.MonkeyPatch, argument: str, expected: list[int]
) -> None:
    """Tasks are buffered up to a number or a size, and then sent."""
    monkeypatch.setattr(publishing, "_MAX_CHARACTERS_PER_TRANSACTION", 9_000)
    task, client = by_threes
    queued = []

    def calls() -> Iterator[Call]:
        for _ in expected:
            queued.append(client.llen("default"))
            yield Call((argument,))

    publish_many(task, calls())
    assert queued == expected
    assert client.llen("default") == 7


def test_a_partly_accepted_list_is_counted(by_threes: tuple[Task, Any]) -> None:
    """The error has the numbers of accepted and uncertain tasks; later ones are not sent."""
    task, client = by_threes

    def calls() -> Iterator[Call]:
        for number in range(9):
            if number == 4:
                client.config_set("maxmemory", 1)
            yield Call(("x",))

    try:
        with pytest.raises(
            PublishError, match=r"accepted 3 of .* possibly the next 3; no later task"
        ):
            publish_many(task, calls())
    finally:
        client.config_set("maxmemory", 0)
    assert client.llen("default") == 3


def test_an_unavailable_broker_accepts_none_of_many() -> None:
    """The error comes within two seconds, with zero accepted tasks."""
    task = application(1).task(name="tested.echo", shared=False)(echo)
    began = time.monotonic()
    with pytest.raises(PublishError, match="accepted 0 of these tasks, and possibly the next 0"):
        publish_many(task, [Call(("x",))])
    assert time.monotonic() - began < room_for(2)
