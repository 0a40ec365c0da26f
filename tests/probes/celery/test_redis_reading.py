import socket
import time
from collections.abc import Iterator

import pytest
import redis
from pydantic import SecretStr

from securenet_obs.drills.faults.redis_states import STATES
from securenet_obs.errors import (
    ForbiddenError,
    ProbeError,
    RefusedError,
    SettingsError,
    UnreachableError,
)
from securenet_obs.probes import BrokerProbe, TaskProbe
from securenet_obs.probes.celery.redis_reading import (
    TIMEOUT_S,
    format_address,
    open_redis,
    translate_redis_errors,
)
from securenet_obs.settings import Settings
from tests.busy import room_for

PASSWORD = "p4ssword-that-must-not-show"


def ping(url: str) -> None:
    secret = SecretStr(url)
    with translate_redis_errors(secret, "REDIS_URL"):
        open_redis(secret, "REDIS_URL").ping()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Yield the port of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_unavailable_redis_is_unreachable_at_once() -> None:
    """The error has address and variable, without the password."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(
        UnreachableError, match=rf"redis://127.0.0.1:{port}/0 \(REDIS_URL\)"
    ) as away:
        ping(f"redis://:{PASSWORD}@127.0.0.1:{port}/0")
    assert time.monotonic() - began < room_for(1)
    assert PASSWORD not in str(away.value)


def test_silent_redis_is_unreachable_after_the_timeout(silent_port: int) -> None:
    """A server that accepts and never answers does not exceed the timeout."""
    began = time.monotonic()
    with pytest.raises(UnreachableError):
        ping(f"redis://127.0.0.1:{silent_port}/0")
    assert time.monotonic() - began < room_for(TIMEOUT_S)


@pytest.mark.parametrize("login", ["", f":{PASSWORD}@"])
def test_wrong_password_is_forbidden(redis_server, login: str) -> None:
    """A missing or wrong password is refused; the error names the variable only."""
    place = redis_server.environment["REDIS_URL"].rpartition("@")[2]
    with pytest.raises(ForbiddenError, match="REDIS_URL") as refused:
        ping(f"redis://{login}{place}")
    assert isinstance(refused.value, ProbeError)
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("url", ["", "localhost", f"http://:{PASSWORD}@host", "redis://h:notaport"])
def test_invalid_redis_url_is_a_settings_error(url: str) -> None:
    """The error does not contain the invalid URL."""
    with pytest.raises(SettingsError, match="REDIS_URL") as refused:
        open_redis(SecretStr(url), "REDIS_URL")
    assert PASSWORD not in str(refused.value)


def test_formatted_address_has_no_password() -> None:
    """The address consists of host, port and database."""
    assert format_address(SecretStr(f"redis://u:{PASSWORD}@h:7/3")) == "redis://h:7/3"
    assert format_address(SecretStr("redis://h")) == "redis://h:6379"


@pytest.fixture
def admin(redis_server) -> Iterator[redis.Redis]:
    """Yield a client with one connection, which every state leaves open."""
    with redis.Redis.from_url(
        redis_server.environment["REDIS_URL"], decode_responses=True, single_connection_client=True
    ) as client:
        # Tests of the API leave messages.
        client.flushall()
        yield client


def settings_of(redis_server) -> Settings:
    return Settings(**{name.lower(): url for name, url in redis_server.environment.items()})


READABLE = {"READONLY", "MISCONF", "NOPERM", "OOM", "NOREPLICAS"}
"""States in which a Redis can be read."""


@pytest.mark.parametrize("state", sorted(READABLE))
def test_a_redis_that_refuses_writes_can_be_read(
    redis_server, admin: redis.Redis, state: str
) -> None:
    """No probe needs a transaction or a write to read the queues, the server or the schedule."""
    settings = settings_of(redis_server)
    tasks, broker = TaskProbe(settings), BrokerProbe(settings)
    with STATES[state](admin):
        assert tasks.queue_depths(["logs"]) == {"logs": 0}
        assert tasks.describe_in_flight().startswith("0 in flight")
        assert list(tasks.describe_oldest_waiting(["logs"])) == ["logs"]
        assert len(tasks.sample_queues(0.1, 0.1, ["logs"])) == 2
        assert tasks.beat_entries() is not None
        assert broker.count_results_without_ttl() == 0
        assert (broker.state().memory_share > 1) == (state == "OOM")


REFUSALS = {
    "READONLY": RefusedError,
    "MASTERDOWN": RefusedError,
    "MISCONF": RefusedError,
    "NOPERM": ForbiddenError,
    "OOM": RefusedError,
    "BUSY": RefusedError,
    "maxclients": RefusedError,
    "WRONGPASS": ForbiddenError,
    "NOREPLICAS": RefusedError,
}
"""State -> the error of a probe that sends a task."""


@pytest.mark.parametrize("state", STATES)
def test_refused_and_unreachable_are_different(
    redis_server, admin: redis.Redis, state: str
) -> None:
    """A Redis that answers is not unreachable, whatever it answers."""
    probe = TaskProbe(settings_of(redis_server))
    with STATES[state](admin), pytest.raises(REFUSALS[state]) as refused:
        probe.run_unregistered_task("canary", 1.0)
    password = redis_server.environment["REDIS_URL"].split(":")[2].split("@")[0]
    assert password not in str(refused.value)
