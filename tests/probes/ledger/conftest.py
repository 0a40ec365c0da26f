"""Fixture of the ledger's tests: a target without a worker, with SecureNet's own transport."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from celery import Celery

from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import create_celery


@pytest.fixture
def settings(redis_server: Any) -> Settings:
    """Return the settings of an empty broker without a worker, with databases of its own."""
    url = redis_server.environment["REDIS_URL"].removesuffix("0")
    for number in (14, 15):
        redis.Redis.from_url(f"{url}{number}").flushdb()
    return Settings.model_validate({"redis_url": f"{url}14", "result_url": f"{url}15"})


@pytest.fixture
def sender(settings: Settings) -> Iterator[Celery]:
    """Yield an application that sends tasks as SecureNet's processes do."""
    with create_celery(settings) as app:
        yield app


@pytest.fixture
def broker(settings: Settings) -> Iterator[redis.Redis]:
    """Yield a client of the broker."""
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        yield client


@pytest.fixture
def results(settings: Settings) -> Iterator[redis.Redis]:
    """Yield a client of the empty result database."""
    with redis.Redis.from_url(settings.results.get_secret_value()) as client:
        yield client
