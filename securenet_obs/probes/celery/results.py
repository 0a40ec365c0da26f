"""Base class of the probes that read Celery's result database in addition to the queues."""

import json
from contextlib import AbstractContextManager
from typing import Any

from celery import states

from securenet_obs.probes.celery.names import RESULT_PREFIX
from securenet_obs.probes.celery.queues import QueueProbe
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.settings import Settings


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

    def _reading_results(self) -> AbstractContextManager[None]:
        """Raise our own errors for those of the results' database in the block."""
        return translate_redis_errors(self._results_url, "RESULT_URL")
