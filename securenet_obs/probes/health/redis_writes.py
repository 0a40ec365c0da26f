"""Health of Redis: the databases of the broker and of the results accept a write."""

import time

from pydantic import SecretStr

from securenet_obs.errors import UnreachableError
from securenet_obs.probes.celery.redis_reading import (
    format_address,
    open_redis,
    translate_redis_errors,
)
from securenet_obs.probes.health.health import Health
from securenet_obs.probes.markers import generate_canary
from securenet_obs.settings import Settings

PROBE_KEY = "securenet:probe"
"""Key that each probe writes in both databases; it expires."""

_KEY_TTL_S = 60


def probe_redis(settings: Settings) -> Health:
    """Write a canary to the broker's and the results' database, and read it back.

    Raises:
        SettingsError: REDIS_URL or RESULT_URL is not a Redis URL.
        ForbiddenError: a database refuses access.
        RefusedError: a database accepts no writes now.
        UnreachableError: a database does not answer, or not with the value that was written.
    """
    began = time.monotonic()
    _write(settings.redis_url, "REDIS_URL")
    _write(settings.results, "RESULT_URL")
    seconds = time.monotonic() - began
    return Health("redis", True, f"broker and results accepted a write in {seconds:.3f} s")


def _write(url: SecretStr, variable: str) -> None:
    canary = generate_canary()
    with translate_redis_errors(url, variable), open_redis(url, variable) as client:
        client.set(PROBE_KEY, canary, ex=_KEY_TTL_S)
        found = client.get(PROBE_KEY)
    # Another probe may have written in between; a value of any probe proves that writes work.
    if found is None:
        raise UnreachableError(f"{format_address(url)} ({variable}) has lost the value written.")
