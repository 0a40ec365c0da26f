"""The answer of Redis to a write names the cause of its refusal."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from securenet_obs.drills.faults.redis_states import STATES
from securenet_obs.errors import ForbiddenError, RefusedError, UnreachableError
from securenet_obs.probes.celery.write_refusals import (
    PROBE_KEY,
    WriteState,
    find_code,
    find_sentinels,
    read_user,
    try_writes,
)
from securenet_obs.probes.health import redis_writes
from securenet_obs.processes.guard import Guard
from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.settings import Settings
from securenet_obs.stack.parts.broker import RedisAccess, create_redis_part
from tests.conftest import RedisServer

KEYS = 16 * 1_024
LOAD_DELAY_US = 50
"""Redis answers after each 1,024 keys that it loads."""


def settings_of(environment: dict[str, str]) -> Settings:
    return Settings(**{name.lower(): value for name, value in environment.items()})


@pytest.fixture
def settings(redis_server: RedisServer) -> Settings:
    return settings_of(dict(redis_server.environment))


@pytest.fixture
def admin(settings: Settings) -> Iterator[redis.Redis]:
    """Yield a client with one connection, which every state leaves open."""
    url = settings.redis_url.get_secret_value()
    with redis.Redis.from_url(url, decode_responses=True, single_connection_client=True) as client:
        client.ping()
        yield client


def test_a_write_is_accepted(settings: Settings, admin: redis.Redis) -> None:
    """Nothing is left but the canary, which expires, the same as that of `probe redis`."""
    states = try_writes(settings)
    assert [(row.database, row.code, row.answer) for row in states] == [
        ("broker", "", "OK"),
        ("results", "", "OK"),
    ]
    assert states[0].describe().startswith("master, last save")
    assert 0 < int(str(admin.ttl(PROBE_KEY))) <= 60
    assert redis_writes.PROBE_KEY == PROBE_KEY


@pytest.mark.parametrize("state", ["READONLY", "MISCONF", "NOPERM", "OOM", "BUSY", "NOREPLICAS"])
def test_each_refusal_is_named(settings: Settings, admin: redis.Redis, state: str) -> None:
    """Both databases are on the same server."""
    with STATES[state](admin):
        states = try_writes(settings)
    assert [row.code for row in states] == [state, state]


@pytest.mark.parametrize(
    ("state", "error"), [("maxclients", RefusedError), ("WRONGPASS", ForbiddenError)]
)
def test_a_client_that_is_refused_is_an_error(
    settings: Settings, admin: redis.Redis, state: str, error: type[Exception]
) -> None:
    """There is no answer to a write then."""
    with STATES[state](admin), pytest.raises(error):
        try_writes(settings)


def test_a_replica_names_its_master(settings: Settings, admin: redis.Redis) -> None:
    """Whether the master is connected decides what is to be done."""
    with STATES["READONLY"](admin):
        state = try_writes(settings)[0]
    assert (state.master, state.has_living_master) == ("127.0.0.1:1", False)
    assert "replica of 127.0.0.1:1, link down" in state.describe()


@pytest.mark.stack
def test_a_server_that_loads_is_named(tmp_path: Path) -> None:
    """It answers LOADING, and INFO with the seconds that are left."""
    access = RedisAccess(find_free_ports(1)[0])
    settings = settings_of(access.environment)
    with Guard() as guard:
        part = create_redis_part(tmp_path, access, guard)
        with part, redis.Redis.from_url(access.environment["REDIS_URL"]) as client:
            commands = client.pipeline(transaction=False)
            for number in range(KEYS):
                commands.set(f"key-{number}", number)
            commands.execute()
        slow = part.copy_with({}, [*part.command, "--key-load-delay", str(LOAD_DELAY_US)])
        slow.launch()
        try:
            state = poll_until(lambda: _try(settings), deadline_s=10, interval_s=0.01)
        finally:
            slow.stop()
    assert state is not None
    assert state.code == "LOADING"
    assert "loading, " in state.describe()


def _try(settings: Settings) -> WriteState | None:
    with suppress(UnreachableError):  # before it listens
        return try_writes(settings)[0]
    return None


def test_a_code_is_that_of_an_answer() -> None:
    """An error of the network has none."""
    assert find_code(ResponseError("MISCONF Redis is configured to save")) == "MISCONF"
    assert find_code(RedisConnectionError("max number of clients reached")) == "maxclients"
    assert find_code(RedisConnectionError("Connection reset by peer")) == ""


def test_a_cluster_manages_its_servers(settings: Settings) -> None:
    """INFO says so; without INFO nothing is known."""
    state = WriteState("broker", settings.redis_url, "REDIS_URL", "", "OK", {"cluster_enabled": 1})
    assert state.is_managed
    unknown = WriteState("broker", settings.redis_url, "REDIS_URL", "BUSY", "BUSY")
    assert (unknown.is_managed, unknown.describe()) == (False, "INFO is not answered")


def test_a_sentinel_is_known_by_its_name(settings: Settings, admin: redis.Redis) -> None:
    """Each Sentinel names its connections."""
    assert find_sentinels(settings.redis_url, "REDIS_URL") == []
    admin.client_setname("sentinel-0a1b2c3d-cmd")
    assert find_sentinels(settings.redis_url, "REDIS_URL") == ["sentinel-0a1b2c3d-cmd"]


def test_a_user_without_the_right_cannot_grant(settings: Settings, admin: redis.Redis) -> None:
    """The user is that of the URL, and may read the users' rights or not."""
    assert read_user(settings.redis_url, "REDIS_URL") == ("default", True)
    address = settings.redis_url.get_secret_value().partition("@")[2]
    admin.execute_command("ACL", "SETUSER", "app", "on", ">app", "~*", "+@all", "-acl")  # type: ignore[no-untyped-call]
    try:
        url = SecretStr(f"redis://app:app@{address}")
        assert read_user(url, "REDIS_URL") == ("app", False)
    finally:
        admin.acl_deluser("app")
