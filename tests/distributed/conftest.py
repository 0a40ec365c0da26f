"""Fixtures of distributed validations: Redis databases of their own, fleets of workers."""

import shutil
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import pytest

from securenet_obs.distributed.connection import connect
from securenet_obs.distributed.presence import living_workers
from tests.distributed.fleet import Fleet, fleet
from tests.waiting import eventually


class RedisServer(Protocol):
    environment: Mapping[str, str]


def _database(server: RedisServer, number: int) -> str:
    """Return the URL of an empty database of the session's Redis."""
    url = urlunsplit(urlsplit(server.environment["REDIS_URL"])._replace(path=f"/{number}"))
    connect(url).flushdb()
    return url


@pytest.fixture
def validation_broker(redis_server: RedisServer) -> str:
    """Return the URL of an empty Redis database for one test."""
    return _database(redis_server, 12)


@pytest.fixture
def client(validation_broker: str) -> Any:
    """Return a client of it."""
    return connect(validation_broker)


@pytest.fixture(scope="session")
def two_workers(redis_server: RedisServer) -> Iterator[Fleet]:
    """Yield a fleet of two workers, each a user that cannot read the other's folder."""
    with fleet(_database(redis_server, 13), [1, 2]) as made:
        yield made


@pytest.fixture
def project(two_workers: Fleet) -> Fleet:
    """Return the fleet with an empty project and an empty shared place."""
    for path in (two_workers.folder / "notebooks").iterdir():
        path.unlink()
    for path in two_workers.place.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            # The worker that has closed a command of another test deletes its parts meanwhile.
            path.unlink(missing_ok=True)
    # Tests of other packages empty this Redis, and break its connections.
    assert eventually(lambda: len(living_workers(two_workers.client)) == 2, 60)
    return two_workers
