"""Puts Redis into states in which it refuses commands or clients; holds one during a block."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import redis
from redis.exceptions import ResponseError

from securenet_obs.errors import StackError
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack.local_stack import LocalStack

SAVE_S = 10.0
"""Seconds in which Redis must end a save, failed or not."""

_OTHER_PASSWORD = "another-password"  # noqa: S105 of a fault
_BUSY_SCRIPT = "while true do end"


@contextmanager
def make_replica(client: redis.Redis) -> Iterator[None]:
    """Make Redis a replica of a master that does not answer, as during a failover: READONLY."""
    client.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        client.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]


@contextmanager
def refuse_stale_data(client: redis.Redis) -> Iterator[None]:
    """Make Redis a replica that answers nothing without its master: MASTERDOWN."""
    with _configured(client, "replica-serve-stale-data", "no"), make_replica(client):
        yield


@contextmanager
def fail_saves(client: redis.Redis) -> Iterator[None]:
    """Let Redis's saves fail, as on a full disk: MISCONF."""
    with _configured(client, "save", "3600 1"):
        try:
            with _blocked_saves(client):
                _save(client, "err")
                yield
        finally:
            _save(client, "ok")


@contextmanager
def keep_failed_save(client: redis.Redis) -> Iterator[None]:
    """Let one save fail, as on a disk that was full and has space again: MISCONF until a save."""
    with _configured(client, "save", "3600 1"):
        with _blocked_saves(client):
            _save(client, "err")
        try:
            yield
        finally:
            _save(client, "ok")


@contextmanager
def _blocked_saves(client: redis.Redis) -> Iterator[None]:
    """Put a folder in the place of the file of Redis's saves."""
    obstacle = Path(_read_option(client, "dir"), _read_option(client, "dbfilename"))
    obstacle.unlink(missing_ok=True)
    (obstacle / "full").mkdir(parents=True)
    try:
        yield
    finally:
        (obstacle / "full").rmdir()
        obstacle.rmdir()


@contextmanager
def deny_writes(client: redis.Redis) -> Iterator[None]:
    """Take the right to write from Redis's user: NOPERM."""
    client.acl_setuser("default", categories=["-@write"], enabled=True)
    try:
        yield
    finally:
        client.acl_setuser("default", categories=["+@all"], enabled=True)


@contextmanager
def fill_memory(client: redis.Redis) -> Iterator[None]:
    """Allow Redis no more memory than it uses: OOM."""
    with _configured(client, "maxmemory", "1"):
        yield


@contextmanager
def occupy_by_script(client: redis.Redis) -> Iterator[None]:
    """Run a script without an end: BUSY."""

    def run_script() -> None:
        options = {**client.get_connection_kwargs(), "socket_timeout": None}
        with redis.Redis(**options) as other, suppress(redis.RedisError):
            other.eval(_BUSY_SCRIPT, 0)

    script = threading.Thread(target=run_script)
    with _configured(client, "lua-time-limit", "50"):
        script.start()
        try:
            poll_until(lambda: _is_busy(client), deadline_s=SAVE_S, interval_s=0.01)
            yield
        finally:
            poll_until(lambda: _kill_script(client), deadline_s=SAVE_S)
            script.join()


def _is_busy(client: redis.Redis) -> bool:
    try:
        client.ping()
    except redis.ResponseError:
        return True
    return False


@contextmanager
def refuse_clients(client: redis.Redis) -> Iterator[None]:
    """Disconnect every other client, and accept no new one: maxclients."""
    client.ping()
    with _configured(client, "maxclients", "1"):
        _disconnect_others(client)
        yield


@contextmanager
def change_password(client: redis.Redis) -> Iterator[None]:
    """Change the password, and disconnect every client that used the old one: WRONGPASS."""
    with _configured(client, "requirepass", _OTHER_PASSWORD):
        _disconnect_others(client)
        yield


@contextmanager
def require_replica(client: redis.Redis) -> Iterator[None]:
    """Require a replica for each write: NOREPLICAS."""
    with _configured(client, "min-replicas-to-write", "1"):
        yield


STATES: Mapping[str, Callable[[redis.Redis], AbstractContextManager[None]]] = {
    "READONLY": make_replica,
    "MASTERDOWN": refuse_stale_data,
    "MISCONF": fail_saves,
    "NOPERM": deny_writes,
    "OOM": fill_memory,
    "BUSY": occupy_by_script,
    "maxclients": refuse_clients,
    "WRONGPASS": change_password,
    "NOREPLICAS": require_replica,
}
"""Name of a state, as in Redis's answer -> the context manager that holds it."""


@contextmanager
def hold_state(stack: LocalStack, state: str) -> Iterator[None]:
    """Hold a state of the stack's Redis during the block."""
    with _open_admin(stack.environment["REDIS_URL"]) as client, STATES[state](client):
        yield


def _open_admin(url: str) -> redis.Redis:
    """Return a client that keeps its one connection: the state refuses new ones."""
    return redis.Redis.from_url(
        url, decode_responses=True, single_connection_client=True, socket_timeout=SAVE_S
    )


@contextmanager
def _configured(client: redis.Redis, option: str, value: str) -> Iterator[None]:
    before = _read_option(client, option)
    client.config_set(option, value)
    try:
        yield
    finally:
        client.config_set(option, before)


def _read_option(client: redis.Redis, option: str) -> str:
    options: Any = client.config_get(option)
    return str(options[option])


def _save(client: redis.Redis, expected: str) -> None:
    """Save, and wait for the result.

    Raises:
        StackError: the result is another one.
    """

    def has_ended() -> bool:
        info: Any = client.info("persistence")
        return not info["rdb_bgsave_in_progress"] and info["rdb_last_bgsave_status"] == expected

    with suppress(ResponseError):  # a save is in progress
        client.bgsave()
    if not poll_until(has_ended, deadline_s=SAVE_S, interval_s=0.05):
        raise StackError(f"A save of Redis did not end with {expected} within {SAVE_S:g} s.")


def _kill_script(client: redis.Redis) -> bool:
    try:
        return bool(client.script_kill())
    except ResponseError:
        return False


def _disconnect_others(client: redis.Redis) -> None:
    for kind in ("normal", "pubsub"):
        client.client_kill_filter(_type=kind, skipme=True)
