"""Celery's result backend on Redis, which keeps no secret: not in results, not in tracebacks."""

from functools import cached_property
from typing import Any

import structlog
from celery import states
from celery.backends.redis import RedisBackend
from redis.exceptions import RedisError

from securenet_obs.monitoring.task_signals import FAILURES_EXPIRE_S, OWNER_KEY
from securenet_obs.redaction import redact

_log = structlog.get_logger(__name__)

# Celery asks for what is kept, and then writes. This is one round trip instead of three, nothing
# comes between, and whose the task is stays known as long as what became of it.
_KEEP = """
local kept = redis.call('GET', KEYS[1])
if kept and string.sub(kept, 1, 20) == '{"status": "SUCCESS"' then return 0 end
redis.call('SETEX', KEYS[1], ARGV[1], ARGV[2])
redis.call('PUBLISH', KEYS[1], ARGV[2])
if ARGV[3] == 'ended' then redis.call('EXPIRE', KEYS[2], ARGV[1]) end
return 1
"""


class RedactingBackend(RedisBackend):  # type: ignore[misc] # Celery has no types
    """Masks what is stored; whoever reads a result, the API included, reads it masked."""

    @cached_property
    def _keep(self) -> Any:
        return self.client.register_script(_KEEP)

    def encode(self, data: Any) -> Any:
        """Return the state, result and traceback of a task as text, without secrets."""
        return super().encode(redact(data))

    def store_result(
        self, task_id: str, result: Any, state: str, *args: Any, **options: Any
    ) -> Any:
        """Keep a state; a Redis that is away costs the result, never the task."""
        try:
            return super().store_result(task_id, result, state, *args, **options)
        except (RedisError, OSError) as error:
            _log.warning("result_not_stored", state=state, reason=type(error).__name__)
            return result

    def _store_result(
        self,
        task_id: str,
        result: Any,
        state: str,
        traceback: str | None = None,
        request: Any = None,
        **_: object,
    ) -> Any:
        """Keep a result, a failure longer than a success; one success is not written over."""
        meta = self._get_result_meta(result, state, traceback, request)
        text = self.encode({**meta, "task_id": task_id})
        kept_s = FAILURES_EXPIRE_S if state in states.PROPAGATE_STATES else int(self.expires)
        keys = [self.get_key_for_task(task_id), OWNER_KEY.format(task_id=task_id)]
        ended = "ended" if state in states.READY_STATES else "goes on"
        self.ensure(self._keep, (keys, [kept_s, text, ended]))
        return result
