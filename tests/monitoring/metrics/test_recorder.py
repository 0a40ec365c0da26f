"""The recorder: what is lost is counted, and what Redis does not take is kept."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from securenet_obs.monitoring.metrics import recorder as recording
from securenet_obs.monitoring.metrics.definitions import TASKS
from securenet_obs.monitoring.metrics.recorder import MetricsRecorder
from securenet_obs.monitoring.metrics.shared import METRICS_KEY, read_samples
from securenet_obs.monitoring.metrics.tally import TALLY
from securenet_obs.processes.ports import find_free_ports
from tests.waiting import eventually


@pytest.fixture
def url(redis_server: Any) -> Iterator[str]:
    """Yield the URL of an empty database; nothing is counted yet."""
    url = redis_server.environment["REDIS_URL"].removesuffix("0") + "11"
    with redis.Redis.from_url(url) as client:
        client.delete(METRICS_KEY)
    TALLY.take()
    yield url
    TALLY.take()


def test_losses_since_the_start_are_recorded(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses before it, such as those of a parent process, are not counted again."""
    lost = {"lines": 7, "events": {"error: network_error": 3}}
    monkeypatch.setattr(recording, "count_lost_lines", lambda: lost["lines"])
    monkeypatch.setattr(recording, "lost_events", lambda: lost["events"])
    recorder = MetricsRecorder(url, "api")
    lost |= {"lines": 9, "events": {"error: network_error": 4, "transaction: send_error": 1}}
    recorder.record()
    recorder.record()
    assert read_samples(redis.Redis.from_url(url)) == {
        ("securenet_log_lines_lost", "", "api"): 2,
        ("securenet_sentry_events_lost", "", "api", "error", "network_error"): 1,
        ("securenet_sentry_events_lost", "", "api", "transaction", "send_error"): 1,
    }


def test_an_outage_of_redis_delays_metrics(url: str) -> None:
    """The increments are recorded once Redis takes them."""
    TALLY.increment(TASKS, "scan", "success")
    MetricsRecorder(f"redis://127.0.0.1:{find_free_ports(1)[0]}/0", "worker").record()
    MetricsRecorder(url, "worker").record()
    samples = read_samples(redis.Redis.from_url(url))
    assert samples == {("securenet_tasks", "", "scan", "success"): 1}


def test_a_thread_records_until_it_is_stopped(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses begin at 0, so that the first one is an increase."""
    monkeypatch.setattr(recording, "INTERVAL_S", 0.01)
    client = redis.Redis.from_url(url)
    recorder = MetricsRecorder(url, "worker")
    recorder.start()
    sample = ("securenet_log_lines_lost", "", "worker")
    assert eventually(lambda: sample in read_samples(client), 60)
    assert read_samples(client)[sample] == 0
    recorder.stop()
    TALLY.increment(TASKS, "scan", "success")
    recorder.stop()
    assert read_samples(client)["securenet_tasks", "", "scan", "success"] == 1
