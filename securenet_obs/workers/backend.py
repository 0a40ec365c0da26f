"""Celery's result backend on Redis, which keeps no secret: not in results, not in tracebacks."""

from typing import Any

from celery.backends.redis import RedisBackend

from securenet_obs.redaction import redact


class RedactingBackend(RedisBackend):  # type: ignore[misc] # Celery has no types
    """Masks what is stored; whoever reads a result, the API included, reads it masked."""

    def encode(self, data: Any) -> Any:
        """Return the state, result and traceback of a task as text, without secrets."""
        return super().encode(redact(data))
