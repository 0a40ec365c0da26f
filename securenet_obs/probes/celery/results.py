"""Base class of the probes that read Celery's result database in addition to the queues."""

from contextlib import AbstractContextManager

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

    def _reading_results(self) -> AbstractContextManager[None]:
        """Raise our own errors for those of the results' database in the block."""
        return translate_redis_errors(self._results_url, "RESULT_URL")
