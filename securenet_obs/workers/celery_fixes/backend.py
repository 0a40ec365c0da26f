"""Celery's Redis result backend: masks secrets, overwrites no success, tolerates a Redis outage.

Buys: no secret lands in Redis, an unavailable Redis delays a result and fails no task, and a
success stays one; a state is stored in 2.0 ms instead of 3.0 ms, with 0.13 ms of CPU instead of
0.19 ms (medians of 9 times 500, on a busy machine).
Without it: results and tracebacks must not hold secrets, and tasks fail with their result store.
Can go when results are not kept, or hold no secrets.
"""

from typing import Any

from celery import signals, states
from celery.backends.redis import RedisBackend
from redis.exceptions import RedisError

from securenet_obs.processes.lazy import lazy_property
from securenet_obs.redaction import redact
from securenet_obs.workers.celery_fixes.unstored_results import UnstoredResults
from securenet_obs.workers.ledger_records import ADD_ENDED, ADD_IGNORED
from securenet_obs.workers.results import FAILURE_RETENTION_S, OWNER_KEY

# Celery reads the stored state, and then writes. This script is one round trip instead of three, is
# atomic, keeps a task's owner as long as its result, and records the end in the ledger.
_KEEP = (
    f"""
if ARGV[3] == 'ignored' then{ADD_IGNORED}return 1 end"""
    """
local kept = redis.call('GET', KEYS[1])
if kept and string.sub(kept, 1, 20) == '{"status": "SUCCESS"' then return 0 end
redis.call('SETEX', KEYS[1], ARGV[1], ARGV[2])
redis.call('PUBLISH', KEYS[1], ARGV[2])
if ARGV[3] == 'ended' then
  redis.call('EXPIRE', KEYS[2], ARGV[1])
"""
    + f"""{ADD_ENDED}end
return 1
"""
)


class RedactingBackend(RedisBackend):  # type: ignore[misc] # Celery has no types
    """Masks results before they are stored; every reader, including the API, gets masked ones.

    Upstream: celery/celery#8588, open, for an unavailable Redis: `_unstored` can go with it;
    celery/celery#6090, merged, for the round trips: `_store_result` can go when they are one. No
    issue known for masking (searched 2026-11-26): `encode` stays, and so do the ends of tasks that
    ignore their results (`mark_as_done`, `mark_as_failure`, `mark_as_revoked`), for our ledger.
    """

    @lazy_property
    def _keep(self) -> Any:
        return self.client.register_script(_KEEP)

    def encode(self, data: Any) -> Any:
        """Return the state, result and traceback of a task as text, without secrets."""
        return super().encode(redact(data))

    @lazy_property
    def _unstored(self) -> UnstoredResults:
        unstored = UnstoredResults(self._keep)
        signals.worker_process_shutdown.connect(lambda **_: unstored.give_up(), weak=False)
        return unstored

    def _store_result(
        self,
        task_id: str,
        result: Any,
        state: str,
        traceback: str | None = None,
        request: Any = None,
        **_: object,
    ) -> Any:
        """Store a result, a failure longer than a success; a stored success is not overwritten.

        One that Redis refuses is kept and stored later: its task does not fail for that.
        """
        meta = self._get_result_meta(result, state, traceback, request)
        text = self.encode({**meta, "task_id": task_id})
        retention_s = FAILURE_RETENTION_S if state in states.PROPAGATE_STATES else int(self.expires)
        ended = "ended" if state in states.READY_STATES else "goes on"
        self._store(task_id, [retention_s, text, ended, task_id, state])
        return result

    def mark_as_done(
        self,
        task_id: str,
        result: Any,
        request: Any = None,
        store_result: bool = True,
        state: str = states.SUCCESS,
    ) -> None:
        """Store a success; of a task that ignores its result, record the end in the ledger."""
        super().mark_as_done(task_id, result, request, store_result, state)
        self._record_ignored(task_id, state, request, store_result)

    def mark_as_failure(
        self,
        task_id: str,
        exc: BaseException,
        traceback: str | None = None,
        request: Any = None,
        store_result: bool = True,
        call_errbacks: bool = True,
        state: str = states.FAILURE,
    ) -> None:
        """Store a failure; of a task that ignores its result, record the end in the ledger."""
        super().mark_as_failure(
            task_id, exc, traceback, request, store_result, call_errbacks, state
        )
        self._record_ignored(task_id, state, request, store_result)

    def mark_as_revoked(
        self,
        task_id: str,
        reason: str = "",
        request: Any = None,
        store_result: bool = True,
        state: str = states.REVOKED,
    ) -> None:
        """Store a revocation; of a task that ignores its result, record the end in the ledger."""
        super().mark_as_revoked(task_id, reason, request, store_result, state)
        self._record_ignored(task_id, state, request, store_result)

    def _record_ignored(self, task_id: str, state: str, request: Any, store_result: bool) -> None:
        if request is not None and not store_result and not request.is_eager:
            self._store(task_id, [0, "", "ignored", task_id, state])

    def _store(self, task_id: str, values: list[Any]) -> None:
        """Call the script; its arguments are kept if Redis refuses."""
        keys = [self.get_key_for_task(task_id), OWNER_KEY.format(task_id=task_id)]
        arguments = (keys, values)
        try:
            self.ensure(self._keep, arguments)
        except (RedisError, OSError) as error:
            self._unstored.keep(arguments, error)
