"""Incident lock in Redis: one key of the broker's database, which Redis expires."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

from securenet_obs.oncall.locks.holder import EXPIRY_S, Holder
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.settings import Settings

KEY = "securenet:oncall:incident"
"""Key in the broker's database."""


class RedisPlace:
    """The lock in a target's Redis; see `Place`.

    Every method raises UnreachableError, ForbiddenError or RefusedError, as the probes do.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def read(self) -> Holder | None:
        """Return the holder; None if the lock is free."""
        with self._open() as broker:
            text: Any = broker.get(KEY)
        return None if text is None else Holder.parse(text)

    def replace(self, expected: Holder | None, holder: Holder | None) -> bool:
        """Exchange the holder at once; return False if another holds the lock."""
        with self._open() as broker, broker.pipeline() as pipeline:
            pipeline.watch(KEY)  # type: ignore[no-untyped-call]
            text: Any = pipeline.get(KEY)
            if (None if text is None else Holder.parse(text)) != expected:
                return False
            pipeline.multi()
            if holder is None:
                pipeline.delete(KEY)
            else:
                pipeline.set(KEY, holder.to_text(), ex=EXPIRY_S)
            try:
                pipeline.execute()
            except redis.WatchError:
                return False
        return True

    @contextmanager
    def _open(self) -> Iterator[redis.Redis]:
        with (
            translate_redis_errors(self._settings.redis_url, "REDIS_URL"),
            open_redis(self._settings.redis_url, "REDIS_URL") as broker,
        ):
            yield broker
