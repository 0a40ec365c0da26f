"""Readiness checks of the stack's parts: Redis, PostgreSQL, Bugsink, API, worker and others.

Every check is bounded to a few seconds and returns False for "not yet"; none raises. Each imports
its client itself: most commands import this module and check nothing.
"""

import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from securenet_obs.workers.names import TICK_KEY

if TYPE_CHECKING:
    import redis

BUGSINK_PROJECT = "1"
"""Number of the stack's only project in Bugsink."""

WORKER = f"worker@{socket.gethostname()}"
"""Node name of a stack's worker."""

VALIDATION_WORKER = f"validation@{socket.gethostname()}"
"""Node name of a stack's validation worker."""

HEARTBEAT = "serving.json"
"""File that the service of on-call writes in the folder of dossiers while it serves."""

STARTING_S = 10.0
"""Seconds after its launch in which a worker is asked often."""

_TIMEOUT_S = 2.0

_BROKER_BOUNDS = {
    "socket_timeout": _TIMEOUT_S,
    "socket_connect_timeout": _TIMEOUT_S,
    "max_retries": 1,
    "interval_start": 0,
    "interval_max": 0.1,
    "connect_retries_timeout": 1,
}

ReadinessCheck = Callable[[Mapping[str, str], float], bool]
"""Readiness check of a part, given the target's environment and the unix time of its launch."""


def is_redis_ready(environment: Mapping[str, str], _since: float) -> bool:
    """Return whether Redis answers a ping with the URL's password."""
    from redis import RedisError

    with _open_redis(environment["REDIS_URL"]) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False


def is_postgresql_ready(environment: Mapping[str, str], _since: float) -> bool:
    """Return whether PostgreSQL executes a statement of the store's role."""
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from securenet_obs.store import create_store_engine

    engine = create_store_engine(environment["DATABASE_URL"])
    try:
        with engine.connect() as connection:
            return bool(connection.scalar(text("SELECT true")))
    except SQLAlchemyError:
        return False
    finally:
        engine.dispose()


def is_bugsink_ready(environment: Mapping[str, str], _since: float) -> bool:
    """Return whether Bugsink lets the token read the project that has the key of the DSN."""
    url = f"{environment['SENTRY_URL']}/api/canonical/0/projects/{BUGSINK_PROJECT}/"
    answer = _read_json(url, environment)
    # The DSN of the target leads to the relay, that of the project to Bugsink.
    key = urlsplit(environment["SENTRY_DSN"]).username
    return urlsplit(str(answer.get("dsn"))).username == key


def is_relay_ready(environment: Mapping[str, str], _since: float) -> bool:
    """Return whether the relay lets the token read its status."""
    return "stored" in _read_json(f"{environment['SENTRY_RELAY_URL']}/relay/status/", environment)


def is_api_ready(environment: Mapping[str, str], _since: float) -> bool:
    """Return whether the API reports that it is ready."""
    import httpx

    url = f"{environment['API_URL']}/health/ready"
    try:
        return httpx.get(url, timeout=_TIMEOUT_S, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def is_worker_ready(environment: Mapping[str, str], since: float) -> bool:
    """Return whether the worker answers a control ping over the broker."""
    return _answers_ping(environment["REDIS_URL"], WORKER, since)


def is_validation_worker_ready(environment: Mapping[str, str], since: float) -> bool:
    """Return whether the validation worker answers a control ping over its own broker."""
    from securenet_obs.settings import settings_of

    broker = settings_of(dict(environment)).validation_broker.get_secret_value()
    return _answers_ping(broker, VALIDATION_WORKER, since)


def _answers_ping(broker: str, worker: str, since: float) -> bool:
    from celery import Celery
    from kombu.exceptions import KombuError
    from redis import RedisError

    # A ping that is sent before the worker listens is lost: while it starts, ask often.
    timeout_s = 0.2 if time.time() < since + STARTING_S else 1.0
    with Celery(broker=broker, set_as_current=False) as app:
        app.conf.broker_transport_options = _BROKER_BOUNDS
        try:
            return bool(app.control.ping(destination=[worker], timeout=timeout_s))
        except (KombuError, RedisError, OSError):
            return False


def has_beat_ticked(environment: Mapping[str, str], since: float) -> bool:
    """Return whether beat has ticked since it was launched."""
    from redis import RedisError

    with _open_redis(environment["RESULT_URL"]) as client:
        try:
            tick = client.get(TICK_KEY)
        except RedisError:
            return False
    return tick is not None and float(tick) >= since


def is_oncall_ready(environment: Mapping[str, str], since: float) -> bool:
    """Return whether the service of on-call has looked for alerts since it was launched."""
    heartbeat = Path(environment["DOSSIERS_FOLDER"]) / HEARTBEAT
    try:
        return heartbeat.stat().st_mtime >= since
    except OSError:
        return False


READINESS_CHECKS: Mapping[str, ReadinessCheck] = {
    "postgresql": is_postgresql_ready,
    "redis": is_redis_ready,
    "bugsink": is_bugsink_ready,
    "relay": is_relay_ready,
    "api": is_api_ready,
    "worker": is_worker_ready,
    "beat": has_beat_ticked,
    "worker-validation": is_validation_worker_ready,
    "oncall": is_oncall_ready,
}
"""Name of a part -> its readiness check."""


def _read_json(url: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON object at an address, empty without one."""
    import httpx

    try:
        answer = httpx.get(
            url,
            headers={"Authorization": f"Bearer {environment['SENTRY_AUTH_TOKEN']}"},
            timeout=_TIMEOUT_S,
            trust_env=False,
        )
        content = answer.json() if answer.is_success else {}
    except (httpx.HTTPError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _open_redis(url: str) -> "redis.Redis":
    import redis

    return redis.Redis.from_url(
        url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, decode_responses=True
    )
