"""The API answers in time while PostgreSQL stands still, refuses writes or is full."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import make_url

from securenet_obs.api.api_keys import create_keys_in
from tests.api.conftest import Api, serving
from tests.busy import room_for
from tests.forked_python import ForkedPython
from tests.stores import PostgresServer, libpq_url
from tests.waiting import eventually

pytestmark = pytest.mark.stack

REQUESTS = 20


@pytest.fixture(scope="module")
def served(
    python: ForkedPython,
    postgresql: PostgresServer,
    redis_server: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Api]:
    """Yield an API on a store of PostgreSQL."""
    url = postgresql.create_store()
    environment = {**redis_server.environment, "DATABASE_URL": url}
    with serving(python, environment, tmp_path_factory.mktemp("waits"), hurries=True) as api:
        api.keys.update(create_keys_in(url, ("acme", "first"), "tests"))
        api.client.headers.update(api.bearer("acme"))
        assert eventually(lambda: post(api.client).status_code == 202)
        yield api


def post(client: httpx.Client) -> httpx.Response:
    """Submit a batch."""
    return client.post("/v1/tenants/acme/logs", json=[])


def accepted(url: str) -> int:
    """Return the number of accepted batches."""
    with psycopg.connect(libpq_url(url)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM submissions").fetchone() or (0,)
    return int(count)


@pytest.mark.parametrize("cached", [True, False], ids=["key is cached", "key is looked up"])
def test_requests_are_answered_while_the_server_is_stopped(
    served: Api, postgresql: PostgresServer, cached: bool
) -> None:
    """Twenty at once get 503 within two seconds, and the process stays alive meanwhile."""
    with ThreadPoolExecutor(REQUESTS) as pool:
        assert eventually(lambda: post(served.client).status_code == 202)
        before = accepted(served.environment["DATABASE_URL"])
        if not cached:
            time.sleep(2.1)
        with postgresql.stopped():
            began = time.monotonic()
            answers = [pool.submit(timed, served.client) for _ in range(REQUESTS)]
            alive_s = []
            while not all(answer.done() for answer in answers):
                asked = time.monotonic()
                assert served.client.get("/health/live").status_code == 200
                alive_s.append(time.monotonic() - asked)
                time.sleep(0.01)
            assert {answer.result() for answer in answers} == {503}
            assert time.monotonic() - began < room_for(0.9)  # Waits of a task are 5 s
            assert eventually(lambda: read_broker(served.client) == (503, "ok"))
    assert sorted(alive_s)[len(alive_s) // 2] < room_for(0.05)
    assert eventually(lambda: post(served.client).status_code == 202)
    assert accepted(served.environment["DATABASE_URL"]) == before + 1


def read_broker(client: httpx.Client) -> tuple[int, str]:
    """Return the status of the readiness check, and the state of the broker."""
    ready = client.get("/health/ready")
    return ready.status_code, ready.json()["parts"]["broker"]


def timed(client: httpx.Client) -> int:
    """Submit a batch, and return the status."""
    return post(client).status_code


def test_a_read_only_server_is_503(served: Api, postgresql: PostgresServer) -> None:
    """As after a failover to a standby: requests succeed again without a restart."""
    with postgresql.read_only(served.environment["DATABASE_URL"]):
        answer = post(served.client)
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5")
    assert eventually(lambda: post(served.client).status_code == 202)


def test_ended_connections_are_replaced(served: Api, postgresql: PostgresServer) -> None:
    """A server that restarted has closed every connection: no request fails for that."""
    name = make_url(served.environment["DATABASE_URL"]).database

    def is_replaced() -> bool:
        used = post(served.client).status_code
        postgresql.end_connections(f"datname = '{name}'")
        return (used, post(served.client).status_code) == (202, 202)

    # A server that is held meanwhile is a reason, too, to refuse one of them.
    assert eventually(is_replaced)
