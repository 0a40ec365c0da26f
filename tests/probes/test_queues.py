import math
import threading
import time

import pandas as pd
import pytest
import redis
from celery import Celery

from securenet_obs.errors import UnreachableError
from securenet_obs.probes.queues import QueueProbe, queue_rates
from securenet_obs.settings import Settings


@pytest.fixture
def probe(broker: Settings) -> QueueProbe:
    """Return a probe of the empty broker."""
    return QueueProbe(broker)


def send(app: Celery, queue: str, count: int = 1, **options: object) -> None:
    for _ in range(count):
        app.send_task("probed.echo", ["x"], queue=queue, **options)


def client(settings: Settings) -> redis.Redis:
    return redis.Redis.from_url(settings.redis_url.get_secret_value())


def test_depth_counts_every_priority(probe: QueueProbe, celery_app: Celery) -> None:
    """Celery keeps a list for each step of priority; a queue's depth is all of them."""
    for priority in (0, 3, 6, 9):
        send(celery_app, "scans", 2, priority=priority)
    send(celery_app, "logs")
    assert probe.queue_depths(["scans", "logs", "never"]) == {"scans": 8, "logs": 1, "never": 0}


def test_declared_queues_are_known(probe: QueueProbe, celery_app: Celery, worker: None) -> None:
    """Queues of workers, drained ones too, and queues that nobody consumes are found."""
    send(celery_app, "scans", priority=6)
    assert probe.queue_names() == ["default", "scans"]
    assert set(probe.queue_depths()) == {"default", "scans"}


def test_an_empty_broker_has_nothing(probe: QueueProbe) -> None:
    """Where nothing was ever sent there are no queues, nothing in flight and no ages."""
    assert (probe.queue_names(), probe.queue_depths(), probe.in_flight()) == ([], {}, 0)
    assert math.isnan(probe.oldest_in_flight_s())
    assert math.isnan(probe.oldest_waiting_s(["scans"])["scans"])


def test_messages_that_a_worker_holds_are_in_flight(
    probe: QueueProbe, broker: Settings, celery_app: Celery
) -> None:
    """A message that was taken and not acknowledged is in flight, and its age is known."""
    send(celery_app, "scans", 2)
    with celery_app.connection() as connection:
        channel = connection.channel()
        taken = channel.basic_get("scans")
        time.sleep(0.2)
        assert probe.in_flight() == 1
        assert 0.2 <= probe.oldest_in_flight_s() < 2
        assert probe.queue_depths(["scans"]) == {"scans": 1}
        channel.basic_ack(taken.delivery_tag)
        assert probe.in_flight() == 0


def test_waiting_time_is_that_of_the_next_message(probe: QueueProbe, celery_app: Celery) -> None:
    """The oldest message of a queue tells how long it has waited, where its producer said when."""
    for age_s in (60, 5):
        headers = {"sentry-task-enqueued-time": time.time() - age_s}
        send(celery_app, "scans", headers=headers)
    send(celery_app, "logs")
    waited = probe.oldest_waiting_s(["scans", "logs"])
    assert 60 <= waited["scans"] < 62
    assert math.isnan(waited["logs"])


def test_samples_count_what_came_and_went(
    probe: QueueProbe, broker: Settings, celery_app: Celery
) -> None:
    """With a backlog, arrivals and departures between two looks are counted exactly."""
    send(celery_app, "scans", 20)

    def work() -> None:
        time.sleep(0.15)
        send(celery_app, "scans", 5)
        for _ in range(8):
            client(broker).brpop(["scans"])

    thread = threading.Thread(target=work)
    thread.start()
    samples = probe.sample_queues(1, 0.25, ["scans"])
    thread.join()
    first, last = samples.iloc[0], samples.iloc[-1]
    assert len(samples) == 5
    assert (first["depth"], first["arrived"], first["left"]) == (20, 0, 0)
    assert (last["depth"], last["arrived"], last["left"]) == (17, 5, 8)


def test_a_queue_that_is_drained_and_filled_has_its_least(
    probe: QueueProbe, broker: Settings, celery_app: Celery
) -> None:
    """When the last look's newest message is gone, what is certain is counted."""
    send(celery_app, "scans", 3)

    def work() -> None:
        time.sleep(0.1)
        client(broker).delete("scans")
        send(celery_app, "scans", 2)

    thread = threading.Thread(target=work)
    thread.start()
    last = probe.sample_queues(0.5, 0.5, ["scans"]).iloc[-1]
    thread.join()
    assert (last["depth"], last["arrived"], last["left"]) == (2, 2, 3)


def samples(depths: tuple[int, int], arrived: int, left: int) -> pd.DataFrame:
    times = pd.to_datetime(["2026-11-23T00:00:00Z", "2026-11-23T00:00:10Z"])
    return pd.DataFrame(
        {
            "time": times,
            "queue": "scans",
            "depth": depths,
            "arrived": [0, arrived],
            "left": [0, left],
        }
    )


@pytest.mark.parametrize(
    ("depths", "arrived", "left", "drain_s"),
    [
        ((100, 80), 10, 30, 40.0),
        ((100, 120), 30, 10, math.inf),
        ((100, 100), 20, 20, math.inf),
        ((5, 0), 0, 5, 0.0),
        ((0, 0), 0, 0, 0.0),
    ],
)
def test_rates_tell_when_a_queue_is_empty(
    depths: tuple[int, int], arrived: int, left: int, drain_s: float
) -> None:
    """Rates are messages a second; a queue that does not shrink is never drained."""
    rates = queue_rates(samples(depths, arrived, left)).loc["scans"]
    assert (rates["in_per_s"], rates["out_per_s"]) == (arrived / 10, left / 10)
    assert rates["depth"] == depths[1]
    assert rates["time_to_drain_s"] == drain_s


def test_a_broker_that_is_away_is_unreachable() -> None:
    """Every look at a Redis that is away fails at once."""
    probe = QueueProbe(Settings(redis_url="redis://127.0.0.1:1/0"))
    for look in (probe.queue_names, probe.queue_depths, probe.in_flight, probe.oldest_in_flight_s):
        with pytest.raises(UnreachableError):
            look()
