"""Actions on Redis itself, which need no entry in RUNBOOK_ACTIONS."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import redis
from pydantic import SecretStr
from redis.exceptions import ResponseError

from securenet_obs.errors import ActionError
from securenet_obs.oncall.actions.step import Action
from securenet_obs.probes.celery.memory import find_endless
from securenet_obs.probes.celery.redis_reading import (
    format_address,
    open_redis,
    translate_redis_errors,
)
from securenet_obs.processes.polling import poll_until

GRACE_S = 5
"""Seconds after which an unused result expires."""

SAVE_S = 60.0
"""Seconds in which a save must end."""


def promote_replica(url: SecretStr, variable: str, master: str) -> Action:
    """Return the action that makes a replica a master.

    Args:
        url: address of the replica.
        variable: variable of the address.
        master: host and port of its present master.
    """

    def read_state() -> dict[str, str]:
        with _opened(url, variable) as client:
            info: Any = client.info("replication")
        return {name: str(info.get(name)) for name in ("role", "master_host", "master_link_status")}

    def run() -> str:
        with _opened(url, variable) as client:
            client.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]
            info: Any = client.info("replication")
        if info["role"] != "master":
            raise ActionError(f"the server is still a {info['role']}.")
        return "the server is a master"

    back = f"REPLICAOF {master.replace(':', ' ')}"
    return Action(
        "promote_replica",
        f"make {_server(url)} a master; it was a replica of {master}",
        f"`{format_cli(variable, back)}`; it then discards what was written since",
        read_state,
        run,
        format_cli(variable, "REPLICAOF NO ONE"),
    )


def retry_save(url: SecretStr, variable: str) -> Action:
    """Return the action that saves Redis's data: it accepts writes again once a save succeeds."""

    def read_state() -> dict[str, str]:
        with _opened(url, variable) as client:
            return {"last save": _read_save(client)["rdb_last_bgsave_status"]}

    def run() -> str:
        with _opened(url, variable) as client:
            with suppress(ResponseError):  # a save is in progress
                client.bgsave()
            poll_until(
                lambda: not _read_save(client)["rdb_bgsave_in_progress"],
                deadline_s=SAVE_S,
                interval_s=0.1,
            )
            status = _read_save(client)["rdb_last_bgsave_status"]
            folder = _read_option(client, "dir")
        if status != "ok":
            raise ActionError(f"the save failed; free the disk of {_server(url)} below {folder}.")
        return "the save succeeded"

    return Action(
        "retry_save",
        f"save the data of {_server(url)} to its disk, which must have space",
        "none: a save replaces the file of the save before",
        read_state,
        run,
        format_cli(variable, "BGSAVE"),
    )


def grant_writes(url: SecretStr, variable: str, user: str) -> Action:
    """Return the action that grants a user of Redis the commands that write."""

    def read_state() -> dict[str, str]:
        with _opened(url, variable) as client:
            return {"user": user, "rights": read_rights(client, user)}

    def run() -> str:
        with _opened(url, variable) as client:
            client.acl_setuser(user, enabled=True, categories=["+@write"])
            return f"rights of {user}: {read_rights(client, user)}"

    return Action(
        "grant_writes",
        f"grant the user {user} of {_server(url)} the commands that write, until it restarts; "
        "add them to its ACL file, too",
        f"`{format_cli(variable, f'ACL SETUSER {user} -@write')}`",
        read_state,
        run,
        format_cli(variable, f"ACL SETUSER {user} +@write"),
    )


def set_option(url: SecretStr, variable: str, option: str, value: str, does: str) -> Action:
    """Return the action that sets an option of Redis which INFO shows, such as `maxmemory`.

    Args:
        url: address of the server.
        variable: variable of the address.
        option: name of the option.
        value: its new value.
        does: one sentence in the imperative.
    """

    def read_state() -> dict[str, str]:
        with _opened(url, variable) as client:
            return {option: _read_memory(client)[option.replace("-", "_")]}

    def run() -> str:
        before = read_state()[option]
        with _opened(url, variable) as client:
            client.config_set(option, value)
        return f"{option} was {before}, is {read_state()[option]}"

    return Action(
        "set_option",
        does,
        f"`{format_cli(variable, f'CONFIG SET {option}')}` with the value of the state above; a "
        "restart of Redis undoes it, too, unless its configuration has it",
        read_state,
        run,
        format_cli(variable, f"CONFIG SET {option} {value}"),
    )


def expire_results(url: SecretStr, variable: str, idle_s: float) -> Action:
    """Return the action that lets results without expiry expire, the unused ones within seconds.

    Args:
        url: address of the results' database.
        variable: variable of the address.
        idle_s: seconds without use after which a result expires.
    """
    return Action(
        "expire_results",
        f"let each result without expiry expire once it was not used for {idle_s:g} s, after "
        f"{GRACE_S} s at the earliest",
        f"PERSIST of each key within {GRACE_S} s; an expired result cannot be restored",
        lambda: {"idle_s": f"{idle_s:g}"},
        lambda: f"{_expire(url, variable, idle_s)} results have an expiry now",
    )


def _expire(url: SecretStr, variable: str, idle_s: float) -> int:
    count = 0
    with _opened(url, variable) as client:
        for key, idle, _ in find_endless(client):
            client.expire(key, max(GRACE_S, round(idle_s - idle)))
            count += 1
    return count


def read_rights(client: redis.Redis, user: str) -> str:
    """Return the rules of a user's commands, such as `+@all -@write`."""
    found: Any = client.acl_getuser(user)
    return " ".join([*found["categories"], *found["commands"]])


def format_cli(variable: str, command: str) -> str:
    """Return a command line of `redis-cli`, without the password."""
    return f'redis-cli -u "${variable}" {command}'


def _server(url: SecretStr) -> str:
    return format_address(url).removeprefix("redis://").partition("/")[0]


@contextmanager
def _opened(url: SecretStr, variable: str) -> Iterator[redis.Redis]:
    """Yield a client; errors of Redis are raised as our own."""
    with translate_redis_errors(url, variable), open_redis(url, variable) as client:
        yield client


def _read_save(client: redis.Redis) -> dict[str, Any]:
    info: Any = client.info("persistence")
    return dict(info)


def _read_memory(client: redis.Redis) -> dict[str, str]:
    info: Any = client.info("memory")
    return {name: str(value) for name, value in info.items()}


def _read_option(client: redis.Redis, option: str) -> str:
    options: Any = client.config_get(option)
    return str(options.get(option, ""))
