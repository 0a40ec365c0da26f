"""Dead letters that the store cannot record are kept in Redis until it can."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from celery import Celery
from sqlalchemy.exc import DataError

from securenet_obs.errors import StoreUnavailableError
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import create_celery
from securenet_obs.workers.dead_letters import list_letters
from securenet_obs.workers.kept_letters import KEY, LOCK_KEY, keep_letter, record_letters
from tests.stores import unavailable

FAIL = """
import math, sys
from celery.app.trace import build_tracer
from securenet_obs.monitoring import start_monitoring
from securenet_obs.settings import get_settings
from securenet_obs.workers.celery_app import celery_app
from securenet_obs.workers.tasks import run_vulnerability_scan as task

start_monitoring(get_settings(), "securenet-worker")

def breaks(*_):
    raise ValueError("it broke" + chr(0) + chr(0xd800) + "x" * 30_000)

task.run = breaks
trace = build_tracer(task.name, task, app=celery_app)
for number, argument in enumerate((sys.argv[1], math.nan, {"x": [math.inf, "a\\0b"]})):
    name = f"task-{number}-" + "n" * 300 * (number == 2)
    trace(name, [argument], {}, {"id": name, "args": [argument],
          "securenet_tenant_id": "acme", "securenet_request_id": "r" * 16})
"""
RECORD = "from securenet_obs.workers.tasks import *; print(record_kept_letters())"
VALUES: dict[str, Any] = {"task": "a", "task_id": "1"} | dict.fromkeys(
    ("first_at", "last_at"), datetime(2026, 1, 1, tzinfo=UTC)
)


@pytest.fixture
def environment(redis_server: Any, empty_store: str) -> Iterator[dict[str, str]]:
    """Yield the variables of a worker with a result database of its own."""
    root = redis_server.environment["REDIS_URL"].removesuffix("/0")
    urls = {"REDIS_URL": f"{root}/12", "RESULT_URL": f"{root}/13", "DATABASE_URL": empty_store}
    with redis.Redis.from_url(urls["RESULT_URL"]) as client:
        client.flushdb()
        yield {**os.environ, **urls}
        client.flushdb()


@pytest.fixture
def app(environment: dict[str, str]) -> Celery:
    """Return a worker's application."""
    urls = {name: environment[name.upper()] for name in ("redis_url", "result_url")}
    return create_celery(Settings(**urls))  # type: ignore[arg-type]


def run(code: str, environment: dict[str, str], *arguments: str) -> str:
    """Run code of a worker in a process of its own, and return its output."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_letter_is_kept_until_the_store_records_it(
    environment: dict[str, str], app: Celery, empty_store: str
) -> None:
    """The store is away; later the outbox's run records each letter once, whatever it contains."""
    away = {**environment, "DATABASE_URL": unavailable(empty_store)}
    shown = run(FAIL, away, "password=hunter2hunter2")
    assert shown.count('"dead_letter_not_recorded"') == 3
    assert app.backend.client.llen(KEY) == 3
    assert b"hunter2" not in b"".join(app.backend.client.lrange(KEY, 0, -1))
    assert run(RECORD, environment).split()[-1] == "3"
    assert app.backend.client.llen(KEY) == 0
    letters = {letter.task_id.split("n")[0]: letter for letter in list_letters()}
    assert sorted(letters) == ["task-0-", "task-1-", "task-2-"]
    assert [letters[name].redacted for name in sorted(letters)] == [True, False, False]
    assert str(letters["task-1-"].arguments) == "{'args': [nan], 'kwargs': {}}"
    assert letters["task-2-"].arguments["args"] == [{"x": [float("inf"), "a\x00b"]}]
    assert {letter.tenant_id for letter in letters.values()} == {"acme"}
    assert run(RECORD, environment).split()[-1] == "0"


def test_a_letter_is_recorded_whatever_it_contains(
    environment: dict[str, str], app: Celery
) -> None:
    """NaN, NUL, half surrogates and long names: each database records the letter at once."""
    assert run(FAIL, environment, "acme").count('"dead_letter_recorded"') == 3
    assert app.backend.client.llen(KEY) == 0
    assert len(list_letters()) == 3


def test_letters_stay_while_the_store_is_away(app: Celery) -> None:
    """The error reaches the task, which is retried; none is lost."""
    assert keep_letter(app, VALUES)

    def refuse(_: object) -> None:
        raise StoreUnavailableError("away")

    with pytest.raises(StoreUnavailableError):
        record_letters(app, refuse)
    assert app.backend.client.llen(KEY) == 1
    found: list[dict[str, Any]] = []
    assert record_letters(app, found.append) == 1
    assert found == [VALUES]


def test_a_refused_letter_does_not_hold_up_the_others(app: Celery) -> None:
    """It stays, behind the others."""
    for name in ("bad", "good"):
        keep_letter(app, {**VALUES, "task": name})

    def record(values: dict[str, Any]) -> None:
        if values["task"] == "bad":
            raise DataError("INSERT", {}, Exception("refused"))

    assert record_letters(app, record) == 1
    assert app.backend.client.llen(KEY) == 1


def test_one_process_records_at_a_time(app: Celery) -> None:
    """Two runs of the outbox would record a letter twice."""
    keep_letter(app, VALUES)
    app.backend.client.set(LOCK_KEY, "another", ex=30)
    assert record_letters(app, lambda _: pytest.fail("recorded")) == 0
    assert app.backend.client.llen(KEY) == 1


def test_without_redis_nothing_is_kept() -> None:
    """The message of the task is not acknowledged either, so it comes again."""
    app = create_celery(
        Settings(redis_url="redis://127.0.0.1:1/0", result_url="redis://127.0.0.1:1/1")
    )  # type: ignore[arg-type]
    assert keep_letter(app, VALUES) is False
    assert record_letters(app, lambda _: None) == 0
