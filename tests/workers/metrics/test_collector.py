"""The collector: a source that fails costs no other its metrics."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from redis.exceptions import ConnectionError as RedisConnectionError

from securenet_obs.processes.ports import find_free_ports
from securenet_obs.settings import Settings
from securenet_obs.workers.metrics.collector import SourceCollector, create_registry


def breaks() -> Iterator[Metric]:
    """Fail after a first family."""
    yield GaugeMetricFamily("half", "Half a source.", value=1)
    raise RedisConnectionError


def test_a_source_that_fails_is_named_and_left_out() -> None:
    """Half a source is not served."""
    works = GaugeMetricFamily("whole", "A source.", value=1)
    found = list(SourceCollector({"broken": breaks, "whole": lambda: [works]}).collect())
    assert [family.name for family in found] == ["whole", "securenet_source_up"]
    assert {each.labels["source"]: each.value for each in found[-1].samples} == {
        "broken": 0,
        "whole": 1,
    }


def test_without_redis_the_store_is_served(empty_store: str) -> None:
    """Nothing raises, and the sources that are missing are named."""
    url = f"redis://127.0.0.1:{find_free_ports(1)[0]}/0"
    registry = create_registry(Settings.model_validate({"redis_url": url}))
    families = {family.name: family.samples for family in registry.collect()}
    assert families["securenet_outbox_batches"][0].value == 0
    up = {each.labels["source"]: each.value for each in families["securenet_source_up"]}
    assert up == {"tasks": 0, "queues": 0, "beat": 0, "store": 1}
