"""Reads the configuration of the broker's Redis; for comparisons of runs, without pandas."""

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from securenet_obs.errors import NotFoundError
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors

_VARIABLE = "REDIS_URL"
_FORMER = ("slave", "ziplist", "lua-time-limit")
"""Parts of the former names of options, which Redis lists beside the present ones."""

_SERVER = ("redis_version", "redis_mode", "role")


def read_redis_configuration(variables: Mapping[str, str]) -> dict[str, str]:
    """Return every option of the broker's Redis, and its version, mode and role.

    The values of some options are secrets, such as `requirepass`.

    Args:
        variables: the target's variables; `REDIS_URL` is the broker.

    Raises:
        NotFoundError: no broker is set.
        ForbiddenError: the user may not read the configuration, as in many managed services.
        UnreachableError: Redis does not answer in two seconds.
        RefusedError: it executes nothing now.
        SettingsError: REDIS_URL is not valid.
    """
    url = SecretStr(variables.get(_VARIABLE, ""))
    if not url.get_secret_value():
        raise NotFoundError(f"{_VARIABLE} is not set.")
    with translate_redis_errors(url, _VARIABLE), open_redis(url, _VARIABLE) as client:
        options: Any = client.config_get("*")
        info: Any = client.info("everything")
    server = {name: str(info[name]) for name in _SERVER if name in info}
    present = {
        str(name): str(value)
        for name, value in options.items()
        if not any(part in str(name) for part in _FORMER)
    }
    return server | present
