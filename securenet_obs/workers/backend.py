"""Celery's result backend on Redis, which keeps no secret: not in results, not in tracebacks."""

from typing import Any

from celery import states
from celery.backends.redis import RedisBackend

from securenet_obs.redaction import redact

FAILURES_EXPIRE_S = 24 * 3600
"""Seconds for which a failure's result is kept: who looks into it may come the next morning."""


class RedactingBackend(RedisBackend):  # type: ignore[misc] # Celery has no types
    """Masks what is stored; whoever reads a result, the API included, reads it masked."""

    def encode(self, data: Any) -> Any:
        """Return the state, result and traceback of a task as text, without secrets."""
        return super().encode(redact(data))

    def _set_with_state(self, key: str, value: Any, state: str) -> None:
        if state in states.PROPAGATE_STATES:
            self.ensure(self._set_failure, (key, value))
        else:
            super()._set_with_state(key, value, state)

    def _set_failure(self, key: str, value: Any) -> None:
        with self.client.pipeline() as pipe:
            pipe.setex(key, FAILURES_EXPIRE_S, value).publish(key, value).execute()
