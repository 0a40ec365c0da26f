"""Opens Redis for reading with bounded timeouts; formats its address, converts its errors."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import redis
from kombu.exceptions import OperationalError
from pydantic import SecretStr
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ExecAbortError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.retry import Retry

from securenet_obs.errors import ForbiddenError, RefusedError, SettingsError, UnreachableError

TIMEOUT_S = 2.0
"""Timeout in seconds of a connection, and of each answer."""

CHUNK = 1_000
"""Number of keys that are read in one round trip."""


_REFUSALS: tuple[tuple[type[RedisError], str, str], ...] = (
    (OutOfMemoryError, "OOM", "its memory is full"),
    (ReadOnlyError, "READONLY", "it is a replica, as after a failover"),
    (MasterDownError, "MASTERDOWN", "it is a replica without its master"),
    (BusyLoadingError, "LOADING", "it loads its data"),
    (NoPermissionError, "NOPERM", "the user may not do this"),
)
"""Error -> code, which the client removes from the error's text, and reason."""

_MAX_CLIENTS = "max number of clients reached"


def open_redis(url: SecretStr, variable: str) -> redis.Redis:
    """Return a client that never waits longer than `TIMEOUT_S` and never retries.

    Raises:
        SettingsError: it is not a Redis URL; the message names `variable` and omits the URL.
    """
    try:
        return redis.Redis.from_url(
            url.get_secret_value(),
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise SettingsError(
            f"{variable} is not a valid Redis URL; use redis://host:port/number."
        ) from error


def format_address(url: SecretStr) -> str:
    """Return host, port and database of a Redis URL, without its password."""
    parts = urlsplit(url.get_secret_value())
    return f"redis://{parts.hostname or ''}:{parts.port or 6379}{parts.path}"


@contextmanager
def translate_redis_errors(url: SecretStr, variable: str) -> Iterator[None]:
    """Convert errors of Redis in the block, also through kombu, into our own.

    Raises:
        ForbiddenError: the password is wrong, or the user may not do this.
        RefusedError: it answers that it does not execute this now, for example with a full memory.
        UnreachableError: it does not answer in time, or does not answer like a Redis server.
    """
    try:
        yield
    except (RedisError, OperationalError) as error:
        cause = error.__cause__ if isinstance(error, OperationalError) else error
        if isinstance(cause, (AuthenticationError, NoPermissionError)):
            raise ForbiddenError(
                f"{format_address(url)} refuses access; check the user and password in {variable}."
            ) from error
        if reason := _describe_refusal(cause):
            raise RefusedError(f"{format_address(url)} ({variable}) refuses: {reason}.") from error
        raise UnreachableError(
            f"{format_address(url)} ({variable}) does not answer: {error}"
        ) from error


def find_code(error: BaseException | None) -> str:
    """Return the code of a refusal, such as `MISCONF`; empty if it is no answer of Redis."""
    for kind, code, _ in _REFUSALS:
        if isinstance(error, kind):
            return code
    if _MAX_CLIENTS in str(error):
        return "maxclients"
    return str(error).partition(" ")[0] if isinstance(error, ResponseError) else ""


def _describe_refusal(error: BaseException | None) -> str:
    """Return the reason for which Redis refuses; empty if the error is not an answer of Redis."""
    for kind, code, reason in _REFUSALS:
        if isinstance(error, kind):
            return f"{reason} ({code})"
    if find_code(error) == "maxclients":
        return "it has as many clients as it accepts (maxclients)"
    if isinstance(error, ExecAbortError):
        return "it discarded a transaction (EXECABORT)"
    return str(error).rstrip(".") if isinstance(error, ResponseError) else ""


def split_keys(keys: Iterable[Any]) -> Iterator[list[bytes]]:
    """Yield keys in lists of `CHUNK`, the last one shorter."""
    every = iter(keys)
    while chunk := list(islice(every, CHUNK)):
        yield chunk


def send_commands(client: redis.Redis, commands: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Send commands in one round trip, without a transaction; an error is its command's answer."""
    with client.pipeline(transaction=False) as pipeline:
        for command in commands:
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
        return pipeline.execute(raise_on_error=False)
