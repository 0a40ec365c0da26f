"""Fixtures: the settings of the running stack."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from celery.contrib.testing.worker import start_worker
from pydantic import SecretStr

from securenet_obs.settings import Settings, load_settings
from securenet_obs.stack import LocalStack


@pytest.fixture
def target(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings of the running stack."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    return load_settings()


@pytest.fixture
def broker(redis_server: Any) -> Settings:
    """Return the settings of an empty broker on a real Redis that no worker consumes."""
    url = redis_server.environment["REDIS_URL"].removesuffix("/0")
    settings = Settings(redis_url=SecretStr(f"{url}/6"), result_url=SecretStr(f"{url}/7"))
    for number in (6, 7):
        redis.Redis.from_url(f"{url}/{number}").flushdb()
    return settings


@pytest.fixture
def celery_app(broker: Settings) -> Celery:
    """Return a Celery application of its own with a canary and a failing task."""
    app = Celery("probed", set_as_current=False)
    app.conf.update(
        broker_url=broker.redis_url.get_secret_value(),
        result_backend=broker.results.get_secret_value(),
        task_default_queue="default",
        result_expires=60,
    )

    @app.task(name="probed.echo")
    def echo(canary: str) -> dict[str, str]:
        return {"canary": canary, "hostname": "here", "queue": "default"}

    @app.task(name="probed.fail")
    def fail() -> None:
        raise LookupError("canary not found")

    @app.task(name="probed.sleep")
    def sleep(seconds: float) -> None:
        time.sleep(seconds)

    return app


@pytest.fixture
def worker(celery_app: Celery, sqlite_store: Path) -> Iterator[None]:
    """Run a real worker of that application in a thread of this process.

    Where an earlier test has connected the dead letters, its failing task is stored as one.
    """
    with start_worker(celery_app, pool="solo", perform_ping_check=False, shutdown_timeout=20):
        yield
