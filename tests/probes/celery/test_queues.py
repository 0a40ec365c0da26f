import math
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import redis
import sentry_sdk
from celery import Celery, Task
from celery.exceptions import Retry

from securenet_obs.errors import UnreachableError
from securenet_obs.monitoring import init_sentry
from securenet_obs.monitoring.sentry.recorder import recording_sentry
from securenet_obs.probes.celery.queues import QueueProbe, compute_queue_rates
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import TASKS, create_celery
from securenet_obs.workers.publishing import Call, publish, publish_many
from securenet_obs.workers.schedule import RecordingScheduler

CLOCKS_S = 0.1
"""Difference that two clocks and a rounded age may show."""


@pytest.fixture
def probe(broker: Settings) -> QueueProbe:
    """Return a probe of the empty broker."""
    return QueueProbe(broker)


def send(app: Celery, queue: str, count: int = 1, **options: object) -> None:
    for _ in range(count):
        app.send_task("probed.echo", ["x"], queue=queue, **options)


def echo(token: str) -> str:
    return token


def client(settings: Settings) -> redis.Redis:
    return redis.Redis.from_url(settings.redis_url.get_secret_value())


def test_depth_includes_every_priority(probe: QueueProbe, celery_app: Celery) -> None:
    """Celery keeps a list for each priority step; the depth is the sum of their lengths."""
    for priority in (0, 3, 6, 9):
        send(celery_app, "scans", 2, priority=priority)
    send(celery_app, "logs")
    assert probe.queue_depths(["scans", "logs", "never"]) == {"scans": 8, "logs": 1, "never": 0}


def test_declared_queues_are_found(probe: QueueProbe, celery_app: Celery, worker: None) -> None:
    """Queues of workers, including drained ones, and queues without a consumer are found."""
    send(celery_app, "scans", priority=6)
    assert probe.queue_names() == ["default", "scans"]
    assert set(probe.queue_depths()) == {"default", "scans"}


def test_empty_broker_has_no_queues_and_no_ages(probe: QueueProbe) -> None:
    """A broker without messages has no queues, no messages in flight and no ages."""
    assert (probe.queue_names(), probe.queue_depths(), probe.in_flight()) == ([], {}, 0)
    assert math.isnan(probe.oldest_in_flight_s())
    assert math.isnan(probe.oldest_waiting_s(["scans"])["scans"])


def test_unacknowledged_messages_are_in_flight(
    probe: QueueProbe, broker: Settings, celery_app: Celery
) -> None:
    """A message that is received and not acknowledged is in flight, and its age is known."""
    send(celery_app, "scans", 2)
    with celery_app.connection() as connection:
        channel = connection.channel()
        began = time.monotonic()
        taken = channel.basic_get("scans")
        time.sleep(0.2)
        assert probe.in_flight() == 1
        assert 0.2 <= probe.oldest_in_flight_s() < time.monotonic() - began + CLOCKS_S
        assert probe.queue_depths(["scans"]) == {"scans": 1}
        channel.basic_ack(taken.delivery_tag)
        assert probe.in_flight() == 0


@pytest.fixture(params=["without Sentry", "with Sentry"])
def ours(request: pytest.FixtureRequest, broker: Settings) -> Iterator[Task]:
    """Yield a task of the real application, on the empty broker, without and with Sentry's SDK."""
    app = create_celery(broker)
    task = app.task(name=f"{TASKS}.echo_canary", shared=False)(echo)
    with recording_sentry() as sentry, sentry_sdk.isolation_scope():
        init_sentry(sentry.dsn if request.param == "with Sentry" else "", "test")
        yield task
    # A client that stays would put its trace into the messages of later tests.
    sentry_sdk.get_global_scope().set_client(None)


def test_waiting_time_is_the_age_of_the_next_message(probe: QueueProbe, ours: Task) -> None:
    """`apply_async` adds the time of sending; the age is that of the oldest message."""
    began = time.monotonic()
    for _ in range(2):
        ours.apply_async(("token",))
        time.sleep(0.2)
    waiting_s = probe.oldest_waiting_s(["canary"])["canary"]
    assert 0.4 <= waiting_s < time.monotonic() - began + CLOCKS_S
    assert re.fullmatch(r"\d+\.\d s", probe.describe_oldest_waiting(["canary"])["canary"])
    sampled_s = probe.sample_queues(0.1, 0.1, ["canary"])["oldest_waiting_s"].iloc[-1]
    assert waiting_s < sampled_s < time.monotonic() - began + CLOCKS_S


SENDERS: list[Callable[[Task, Path], object]] = [
    lambda task, _: publish(task, "token"),
    lambda task, _: publish_many(task, [Call(("token",))]),
    lambda task, _: task.app.send_task(task.name, ("token",)),
    lambda task, _: (task.s("token") | task.s()).apply_async(),
    lambda task, _: beat_sends(task, _),
]


@pytest.mark.parametrize("send", SENDERS, ids=["publish", "many", "by name", "chain", "beat"])
def test_every_sender_of_our_tasks_adds_the_timestamp(
    probe: QueueProbe, ours: Task, send: Callable[[Task, Path], object], tmp_path: Path
) -> None:
    """The age is known for one task, many, one by name, a chain and a scheduled task."""
    send(ours, tmp_path)
    assert 0 <= probe.oldest_waiting_s(["canary"])["canary"] < 5


def beat_sends(task: Task, folder: Path) -> None:
    """Let beat's real scheduler send an entry that is due."""
    entry = {"task": task.name, "schedule": 1, "args": ("token",)}
    task.app.conf.beat_schedule = {"canary": entry}
    beat = RecordingScheduler(app=task.app, schedule_filename=str(folder / "schedule"))
    beat.apply_async(beat.schedule["canary"], advance=False)


def test_retried_task_has_a_new_timestamp(probe: QueueProbe, ours: Task) -> None:
    """A retry is a new message; its age does not include the first attempt."""
    ours.apply_async(("token",))
    with ours.app.connection() as connection:
        message = connection.channel().basic_get("canary", no_ack=True)
    time.sleep(0.5)
    began = time.monotonic()
    ours.push_request(**{**message.headers, "headers": message.headers, "called_directly": False})
    with pytest.raises(Retry):
        ours.retry(args=("token",), countdown=0, throw=True)
    ours.pop_request()
    waiting_s = probe.oldest_waiting_s(["canary"])["canary"]
    assert 0 <= waiting_s < time.monotonic() - began + CLOCKS_S


def test_returned_message_keeps_its_age(probe: QueueProbe, ours: Task) -> None:
    """A worker that ends returns its messages, which keep their time of sending."""
    ours.apply_async(("token",))
    with ours.app.connection() as connection:
        taken = connection.channel().basic_get("canary")
        time.sleep(0.3)
        taken.channel.basic_reject(taken.delivery_tag, requeue=True)
    assert 0.3 <= probe.oldest_waiting_s(["canary"])["canary"] < 5


def test_age_of_a_foreign_message_is_unknown(
    probe: QueueProbe, broker: Settings, celery_app: Celery
) -> None:
    """Other Celery producers add no timestamp, and other lists contain no messages."""
    with celery_app.connection() as connection:
        connection.SimpleQueue("scans").put({"of": "another program"})
    client(broker).lpush("a list", "of another program")
    waited = probe.oldest_waiting_s(["scans", "a list", "never"])
    assert all(map(math.isnan, waited.values()))
    words = probe.describe_oldest_waiting(["scans", "a list", "never"])
    assert words["scans"] == words["a list"] == "unknown: no header securenet_sent_at"
    assert words["never"] == "none"


def test_messages_in_flight_are_described_in_words(
    probe: QueueProbe, broker: Settings, celery_app: Celery
) -> None:
    """The text has the number and the age of the oldest message, never `nan s`."""
    assert probe.describe_in_flight() == "0 in flight, the oldest for: none"
    send(celery_app, "scans")
    with celery_app.connection() as connection:
        taken = connection.channel().basic_get("scans")
        assert re.fullmatch(r"1 in flight, the oldest for: \d\.\d s", probe.describe_in_flight())
        taken.ack()


def between_samples(work: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the first wait of this process by some work, and all others by nothing."""
    waits = iter([work])
    monkeypatch.setattr(time, "sleep", lambda _: next(waits, lambda: None)())


def test_samples_count_arrivals_and_departures(
    probe: QueueProbe, broker: Settings, celery_app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a backlog, arrivals and departures between two samples are counted exactly."""
    send(celery_app, "scans", 20)

    def work() -> None:
        send(celery_app, "scans", 5)
        for _ in range(8):
            client(broker).brpop(["scans"])

    between_samples(work, monkeypatch)
    samples = probe.sample_queues(1, 0.25, ["scans"])
    first, last = samples.iloc[0], samples.iloc[-1]
    assert len(samples) == 5
    assert (first["depth"], first["arrivals"], first["departures"]) == (20, 0, 0)
    assert (last["depth"], last["arrivals"], last["departures"]) == (17, 5, 8)


def test_drained_and_refilled_queue_has_lower_bounds(
    probe: QueueProbe, broker: Settings, celery_app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the newest message of the last sample, the counts are lower bounds."""
    send(celery_app, "scans", 3)

    def work() -> None:
        client(broker).delete("scans")
        send(celery_app, "scans", 2)

    between_samples(work, monkeypatch)
    last = probe.sample_queues(0.5, 0.5, ["scans"]).iloc[-1]
    assert (last["depth"], last["arrivals"], last["departures"]) == (2, 2, 3)


def samples(depths: tuple[int, int], arrivals: int, departures: int) -> pd.DataFrame:
    times = pd.to_datetime(["2026-11-23T00:00:00Z", "2026-11-23T00:00:10Z"])
    return pd.DataFrame(
        {
            "time": times,
            "queue": "scans",
            "depth": depths,
            "arrivals": [0, arrivals],
            "departures": [0, departures],
        }
    )


@pytest.mark.parametrize(
    ("depths", "arrivals", "departures", "drain_s"),
    [
        ((100, 80), 10, 30, 40.0),
        ((100, 120), 30, 10, math.inf),
        ((100, 100), 20, 20, math.inf),
        ((5, 0), 0, 5, 0.0),
        ((0, 0), 0, 0, 0.0),
    ],
)
def test_rates_determine_the_time_to_drain(
    depths: tuple[int, int], arrivals: int, departures: int, drain_s: float
) -> None:
    """Rates are messages per second; a queue that does not shrink never drains."""
    rates = compute_queue_rates(samples(depths, arrivals, departures)).loc["scans"]
    assert (rates["in_per_s"], rates["out_per_s"]) == (arrivals / 10, departures / 10)
    assert rates["depth"] == depths[1]
    assert rates["time_to_drain_s"] == drain_s


def test_unavailable_broker_raises_unreachable() -> None:
    """Every method fails at once if Redis is unavailable."""
    probe = QueueProbe(Settings(redis_url="redis://127.0.0.1:1/0"))
    for look in (probe.queue_names, probe.queue_depths, probe.in_flight, probe.oldest_in_flight_s):
        with pytest.raises(UnreachableError):
            look()
