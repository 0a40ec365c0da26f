"""Actions on Redis mend each its state, say what they do, and may be repeated."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from securenet_obs.drills.faults.redis_states import STATES
from securenet_obs.errors import ActionError
from securenet_obs.oncall.actions.redis import (
    format_cli,
    grant_writes,
    promote_replica,
    read_rights,
    retry_save,
)
from securenet_obs.settings import Settings
from tests.conftest import RedisServer


@pytest.fixture
def settings(redis_server: RedisServer) -> Settings:
    return Settings(**{name.lower(): value for name, value in redis_server.environment.items()})


@pytest.fixture
def admin(settings: Settings) -> Iterator[redis.Redis]:
    """Yield a client with one connection, which every state leaves open."""
    url = settings.redis_url.get_secret_value()
    with redis.Redis.from_url(url, decode_responses=True, single_connection_client=True) as client:
        client.ping()
        yield client


def test_a_replica_is_promoted(settings: Settings, admin: redis.Redis) -> None:
    """Writes are accepted then; the undo names the master before."""
    with STATES["READONLY"](admin):
        action = promote_replica(settings.redis_url, "REDIS_URL", "127.0.0.1:1")
        assert action.read_state()["role"] == "slave"
        assert "REPLICAOF 127.0.0.1 1" in action.undo
        assert [action.run(), action.run()] == ["the server is a master"] * 2
        assert admin.set("oncall-write", 1, ex=5)


def test_a_save_that_fails_again_names_the_disk(settings: Settings, admin: redis.Redis) -> None:
    """Redis refuses writes until a save succeeds, also once the disk has space again."""
    action = retry_save(settings.redis_url, "REDIS_URL")
    folder, name = admin.config_get("dir")["dir"], admin.config_get("dbfilename")["dbfilename"]
    obstacle, aside = Path(folder, name), Path(folder, "aside")
    with STATES["MISCONF"](admin):
        assert action.read_state() == {"last save": "err"}
        with pytest.raises(ActionError, match=f"free the disk of .* below {folder}"):
            action.run()
        obstacle.rename(aside)
        try:
            with pytest.raises(redis.ResponseError, match="MISCONF"):
                admin.set("oncall-write", 1, ex=5)
            assert action.run() == "the save succeeded"
            assert admin.set("oncall-write", 1, ex=5)
        finally:
            obstacle.unlink(missing_ok=True)
            aside.rename(obstacle)


def test_writes_are_granted(settings: Settings, admin: redis.Redis) -> None:
    """The user and its rights are the state that a confirmation is bound to."""
    with STATES["NOPERM"](admin):
        action = grant_writes(settings.redis_url, "REDIS_URL", "default")
        before = action.read_state()
        assert before["user"] == "default"
        assert "-@write" in before["rights"]
        action.run()
        assert admin.set("oncall-write", 1, ex=5)
        assert "-@write" not in read_rights(admin, "default")


def test_a_command_line_names_no_password() -> None:
    """The shell of the person on call has the variable."""
    assert format_cli("REDIS_URL", "INFO") == 'redis-cli -u "$REDIS_URL" INFO'
