"""Finds the cause for which Redis refuses writes: its answer to a canary, and its INFO."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import redis
from pydantic import SecretStr
from redis.exceptions import BusyLoadingError, NoPermissionError, RedisError, ResponseError

from securenet_obs.probes.celery.redis_reading import (
    find_code,
    format_address,
    open_redis,
    translate_redis_errors,
)
from securenet_obs.probes.markers import generate_canary
from securenet_obs.settings import Settings

PROBE_KEY = "securenet:probe"
"""Key of the canary, the same as that of `probe redis`; it expires."""

_KEY_TTL_S = 60


@dataclass(frozen=True)
class WriteState:
    """The answer of one database to a write.

    Args:
        database: `broker` or `results`.
        url: its address, with the password.
        variable: variable of the address.
        code: code of the refusal, such as `READONLY`; empty if the write was accepted.
        answer: Redis's answer; `OK`, or the refusal.
        info: its INFO; empty if it does not answer that, either.
    """

    database: str
    url: SecretStr
    variable: str
    code: str
    answer: str
    info: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def server(self) -> str:
        """Host and port."""
        return format_address(self.url).removeprefix("redis://").partition("/")[0]

    @property
    def master(self) -> str:
        """Host and port of the master of a replica; empty for a master."""
        if self.info.get("role") != "slave":
            return ""
        return f"{self.info['master_host']}:{self.info['master_port']}"

    @property
    def has_living_master(self) -> bool:
        """Whether it is a replica that is connected to its master."""
        return bool(self.master) and self.info.get("master_link_status") == "up"

    @property
    def is_managed(self) -> bool:
        """Whether it is part of a cluster, which decides by itself which server is the master."""
        return bool(self.info.get("cluster_enabled"))

    def describe(self) -> str:
        """Return INFO's fields on the causes, as one line."""
        info = self.info
        if not info:
            return "INFO is not answered"
        role = f"replica of {self.master}, link {info['master_link_status']}" if self.master else ""
        loading = ""
        if info.get("loading"):
            loading = (
                f"loading, {float(info.get('loading_loaded_perc', 0)):.0f} % done, "
                f"about {info.get('loading_eta_seconds', 0)} s left"
            )
        parts = (
            role or str(info.get("role", "")),
            loading,
            f"last save {info.get('rdb_last_bgsave_status', 'unknown')}",
            f"last append {info.get('aof_last_write_status', 'unknown')}",
        )
        return ", ".join(filter(None, parts))


def try_writes(settings: Settings) -> list[WriteState]:
    """Write a canary, which expires, to the broker's and to the results' database.

    Raises:
        SettingsError: REDIS_URL or RESULT_URL is not a Redis URL.
        ForbiddenError: the password is wrong.
        UnreachableError: a database does not answer.
    """
    return [
        _try_write("broker", settings.redis_url, "REDIS_URL"),
        _try_write("results", settings.results, "RESULT_URL"),
    ]


def _try_write(database: str, url: SecretStr, variable: str) -> WriteState:
    code, answer, info = "", "OK", {}
    with translate_redis_errors(url, variable), open_redis(url, variable) as client:
        try:
            client.set(PROBE_KEY, generate_canary(), ex=_KEY_TTL_S)
        except RedisError as error:
            code, answer = find_code(error), str(error)
            if not code:
                raise
        with suppress(ResponseError, BusyLoadingError):
            info = _read_info(client)
    return WriteState(database, url, variable, code, answer, info)


def _read_info(client: redis.Redis) -> dict[str, Any]:
    info: Any = client.info("everything")
    return dict(info)


def find_sentinels(url: SecretStr, variable: str) -> list[str]:
    """Return the names of the Sentinels that watch a server; none if it does not list them."""
    clients: Any = []
    with suppress(RedisError), open_redis(url, variable) as client:
        clients = client.client_list()
    names = {str(row.get("name", "")) for row in clients}
    return sorted(name for name in names if name.startswith("sentinel-"))


def read_user(url: SecretStr, variable: str) -> tuple[str, bool]:
    """Return the user of a server, and whether it may read, and so change, the users' rights.

    Raises:
        ForbiddenError, RefusedError, UnreachableError: as every probe.
    """
    with translate_redis_errors(url, variable), open_redis(url, variable) as client:
        user = str(urlsplit(url.get_secret_value()).username or "default")
        try:
            client.acl_getuser(user)
        except NoPermissionError:
            return user, False
    return user, True
