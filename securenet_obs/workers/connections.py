"""Options of Redis connections: timeouts, shorter ones for requests, TLS with verification."""

import ssl
from typing import Any
from urllib.parse import urlsplit

from celery import Celery

SOCKET_TIMEOUT_S = 0.5
"""Seconds that a client waits for Redis; three times that if a connection breaks during use."""

# Redis redelivers a message without a lease, of a worker of an older release, after this time: it
# must exceed the longest task.
_VISIBILITY_TIMEOUT_S = 3600

TIMEOUT_SETTINGS: dict[str, Any] = {
    "broker_connection_retry_on_startup": True,
    "broker_connection_timeout": 2,
    "broker_transport_options": {
        "visibility_timeout": _VISIBILITY_TIMEOUT_S,
        "socket_connect_timeout": 1,
        "socket_timeout": 5,
        "health_check_interval": 25,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.1,
        "connect_retries_timeout": 1,
    },
    "task_publish_retry_policy": {
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.1,
    },
    "redis_socket_connect_timeout": 1,
    "redis_socket_timeout": 5,
    "result_backend_transport_options": {
        "retry_policy": {"timeout": 1.0, "max_retries": 1, "interval_start": 0},
    },
}
"""Celery's settings of each process; a worker may wait for long."""


def shorten_timeouts(app: Celery) -> None:
    """Shorten this process's Redis timeouts: a worker may wait for long, a request may not."""
    app.conf.broker_transport_options = {
        **app.conf.broker_transport_options,
        "socket_timeout": SOCKET_TIMEOUT_S,
        "socket_connect_timeout": SOCKET_TIMEOUT_S,
    }
    app.conf.redis_socket_timeout = app.conf.redis_socket_connect_timeout = SOCKET_TIMEOUT_S


def tls_options(url: str) -> dict[str, Any] | None:
    """Return the TLS options of a Redis URL, with checked certificates; None without TLS."""
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED} if urlsplit(url).scheme == "rediss" else None
