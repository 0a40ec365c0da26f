"""Base class of the probes that read Celery's result database in addition to the queues."""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from celery import states

from securenet_obs.probes.celery.names import EVENT_PREFIX, OWNER_PREFIX, RESULT_PREFIX
from securenet_obs.probes.celery.queues import QueueProbe
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.settings import Settings


@dataclass(frozen=True)
class TaskEnd:
    """The end of a task as the result database holds it.

    Args:
        task_id: id of the task.
        state: Celery's state.
        at: time of the end.
        error: type of the error; empty without one.
        event_id: Sentry event of the error; empty without one.
    """

    task_id: str
    state: str
    at: datetime
    error: str
    event_id: str


class ResultProbe(QueueProbe):
    """Read-only probe of the queues and of the results' database."""

    def __init__(self, settings: Settings) -> None:
        """Prepare, without connecting.

        Raises:
            SettingsError: REDIS_URL or RESULT_URL is not a Redis URL.
        """
        super().__init__(settings)
        self._settings = settings
        self._results_url = settings.results
        self._results = open_redis(settings.results, "RESULT_URL")

    def task_state(self, task_id: str) -> str:
        """Return the state of a task's last result; `PENDING` without one."""
        with self._reading_results():
            content: Any = self._results.get(RESULT_PREFIX + task_id)
        return str(json.loads(content)["status"]) if content else states.PENDING

    def read_end(self, task_id: str, tenant_id: str) -> TaskEnd | None:
        """Return the stored end of a tenant's task; None without one, or if it is another's."""
        with self._reading_results():
            found: Any = self._results.mget(
                RESULT_PREFIX + task_id, OWNER_PREFIX + task_id, EVENT_PREFIX + task_id
            )
        content, owner, event = found
        if content is None or (owner or b"").decode() != tenant_id:
            return None
        meta = json.loads(content)
        error = meta["result"].get("exc_type", "") if meta["status"] == states.FAILURE else ""
        at = datetime.fromisoformat(meta["date_done"])
        return TaskEnd(
            task_id,
            meta["status"],
            at.replace(tzinfo=at.tzinfo or UTC),
            error,
            (event or b"").decode(),
        )

    def _reading_results(self) -> AbstractContextManager[None]:
        """Raise our own errors for those of the results' database in the block."""
        return translate_redis_errors(self._results_url, "RESULT_URL")
