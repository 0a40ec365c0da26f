"""Collects the metrics of all sources; a source that fails costs no other its metrics."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import structlog
from prometheus_client.core import CollectorRegistry, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from securenet_obs.errors import SchemaError, StoreUnavailableError
from securenet_obs.monitoring.metrics.families import build_families
from securenet_obs.monitoring.metrics.shared import read_samples
from securenet_obs.settings import Settings
from securenet_obs.workers.metrics.beat import read_beat
from securenet_obs.workers.metrics.queues import read_queues
from securenet_obs.workers.metrics.stored import read_stored

Source = Callable[[], Iterable[Metric]]

_TIMEOUT_S = 2.0
_FAILURES = (RedisError, OSError, StoreUnavailableError, SchemaError)

_log = structlog.get_logger(__name__)


class SourceCollector(Collector):
    """Collector of sources, with a metric of which of them answered.

    Args:
        sources: name -> function that returns its families.
    """

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = dict(sources)

    def collect(self) -> Iterator[Metric]:
        """Yield the families of all sources that answer, and `securenet_source_up`."""
        up = GaugeMetricFamily(
            "securenet_source_up",
            "Whether a source of metrics answered; without it its metrics are missing.",
            labels=("source",),
        )
        for name, read in self._sources.items():
            try:
                families = list(read())
            except _FAILURES as error:
                _log.warning("metrics_source_failed", source=name, reason=type(error).__name__)
                families = []
                up.add_metric((name,), 0)
            else:
                up.add_metric((name,), 1)
            yield from families
        yield up


def create_registry(
    settings: Settings, further: Mapping[str, Source] | None = None
) -> CollectorRegistry:
    """Return the registry of a deployment: tasks, queues, beat, store, and further sources.

    Nothing connects before the first scrape.
    """
    broker = _open(settings.redis_url.get_secret_value())
    results = _open(settings.results.get_secret_value())
    registry = CollectorRegistry()
    registry.register(
        SourceCollector(
            {
                "tasks": lambda: build_families(read_samples(results)),
                "queues": lambda: read_queues(broker),
                "beat": lambda: read_beat(results),
                "store": read_stored,
                **(further or {}),
            }
        )
    )
    return registry


def _open(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
