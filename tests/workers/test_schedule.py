"""Beat's signs of life."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from celery.schedules import crontab
from kombu.exceptions import OperationalError
from structlog.testing import capture_logs

from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import TASKS, create_celery
from securenet_obs.workers.names import TICK_KEY
from securenet_obs.workers.schedule import (
    ENTRIES_KEY,
    LOCK_KEY,
    LOCK_S,
    SENT_KEY,
    RecordingScheduler,
)
from securenet_obs.workers.windows import WINDOW_HEADER
from tests.waiting import eventually


def test_beat_records_its_ticks_and_logs_json(
    environment: dict[str, str], running: Any, celery_command: list[str], tmp_path: Path
) -> None:
    """A running beat leaves the time of its last tick, with an expiry, and only JSON lines."""
    client = redis.Redis.from_url(environment["RESULT_URL"], decode_responses=True)
    client.delete(TICK_KEY)
    log, began = tmp_path / "beat.log", time.time()
    command = [*celery_command, "beat", "--schedule", str(tmp_path / "schedule"), "--pidfile="]
    with running(command, environment, log):
        assert eventually(lambda: client.get(TICK_KEY), 60), log.read_text()
    assert began < float(client.get(TICK_KEY)) < time.time()
    assert client.ttl(TICK_KEY) > 0
    assert [json.loads(line)["level"] for line in log.read_bytes().splitlines()]


def scheduler(url: str, folder: Path, **entries: Any) -> RecordingScheduler:
    """Return a scheduler of this process whose broker and records are in one Redis."""
    address = url.rsplit("/", 1)[0]
    app = create_celery(Settings(redis_url=f"{address}/6", result_url=f"{address}/7"))
    app.conf.beat_schedule = {
        name: {"task": f"{TASKS}.dispatch_vulnerability_scans", "schedule": schedule}
        for name, schedule in entries.items()
    }
    folder.mkdir(exist_ok=True)
    return RecordingScheduler(app=app, schedule_filename=str(folder / "schedule"), max_interval=5)


@pytest.fixture
def broker(environment: dict[str, str]) -> Iterator[redis.Redis]:
    """Yield the databases that these schedulers use, empty."""
    address = environment["REDIS_URL"].rsplit("/", 1)[0]
    with redis.Redis.from_url(f"{address}/6") as client, results(environment) as kept:
        for database in (client, kept):
            database.flushdb()
        yield client
        for database in (client, kept):
            database.flushdb()


def results(environment: dict[str, str]) -> redis.Redis:
    """Return a client of the database where beat keeps its records."""
    address = environment["REDIS_URL"].rsplit("/", 1)[0]
    return redis.Redis.from_url(f"{address}/7", decode_responses=True)


def sent(broker: redis.Redis) -> list[dict[str, Any]]:
    """Return the headers of what was sent, the oldest first."""
    messages = [json.loads(text) for text in broker.lrange("default", 0, -1)]
    return [message["headers"] for message in reversed(messages)]


def run_what_is_due(beat: RecordingScheduler) -> float:
    """Tick until nothing is due any more; return in how many seconds beat would tick again."""
    while (interval := beat.tick()) <= 0:
        pass
    return interval


def test_a_sent_entry_is_recorded(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """When an entry's task was taken by the broker, its name has the time."""
    beat = scheduler(environment["REDIS_URL"], tmp_path, often=0.01)
    time.sleep(0.02)
    began = time.time()
    beat.tick()
    with results(environment) as kept:
        assert began <= float(kept.hget(SENT_KEY, "often")) <= time.time()
    assert len(sent(broker)) == 1


def test_a_beat_without_entries_lives(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """Its tick is recorded; entries that are no longer scheduled are not told of."""
    scheduler(environment["REDIS_URL"], tmp_path / "full", hourly=crontab(minute="0")).tick()
    with results(environment) as kept:
        assert kept.hlen(ENTRIES_KEY) == 1
        kept.delete(TICK_KEY, LOCK_KEY)
        with capture_logs() as lines:
            scheduler(environment["REDIS_URL"], tmp_path / "empty").tick()
        assert "beat_record_failed" not in [line["event"] for line in lines]
        assert (kept.exists(TICK_KEY), kept.exists(ENTRIES_KEY)) == (1, 0)


def test_missed_windows_are_made_up_for_once(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """Beat was down for two days: an entry is sent once, for its latest slot, and not again."""
    beat = scheduler(environment["REDIS_URL"], tmp_path, hourly=crontab(minute="0"))
    beat.schedule["hourly"].last_run_at = datetime.now(UTC) - timedelta(days=2)
    beat.close()
    beat = scheduler(environment["REDIS_URL"], tmp_path, hourly=crontab(minute="0"))
    run_what_is_due(beat)
    run_what_is_due(beat)
    (headers,) = sent(broker)
    assert headers[WINDOW_HEADER] == f"{datetime.now(UTC):%Y-%m-%dT%H}:00Z"


def test_a_lost_schedule_is_recovered(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """Without the file, Redis knows when each entry was sent: what was missed is sent."""
    with results(environment) as kept:
        kept.hset(SENT_KEY, mapping={"missed": time.time() - 7_200, "done": time.time()})
    hourly = crontab(minute="0")
    run_what_is_due(scheduler(environment["REDIS_URL"], tmp_path, missed=hourly, done=hourly))
    assert len(sent(broker)) == 1
    with results(environment) as kept:
        assert float(kept.hget(SENT_KEY, "missed")) > time.time() - 5


def test_one_beat_sends_at_a_time(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """The second stands by and says so; it takes over when the first ends, and doubles nothing."""
    hourly = crontab(minute="0")
    with results(environment) as kept:
        kept.hset(SENT_KEY, "hourly", time.time() - 7_200)
    first = scheduler(environment["REDIS_URL"], tmp_path / "first", hourly=hourly)
    second = scheduler(environment["REDIS_URL"], tmp_path / "second", hourly=hourly)
    second.schedule["hourly"].last_run_at = datetime.now(UTC) - timedelta(hours=2)
    with capture_logs() as lines:
        run_what_is_due(first)
        assert run_what_is_due(second) == second.max_interval
        assert len(sent(broker)) == 1
        first.close()
        run_what_is_due(second)
    events = [line["event"] for line in lines]
    assert events == ["beat_leads", "beat_stands_by", "beat_leads"]
    assert len(sent(broker)) == 1


def test_a_beat_that_died_is_replaced(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """Its lock expires; should it come back, it finds that another leads."""
    first = scheduler(environment["REDIS_URL"], tmp_path / "first")
    second = scheduler(environment["REDIS_URL"], tmp_path / "second")
    first.tick()
    with results(environment) as kept:
        assert 0 < kept.ttl(LOCK_KEY) <= LOCK_S
        kept.pexpire(LOCK_KEY, 1)
        time.sleep(0.01)
    assert second._leads() is True
    assert first._leads() is False


def test_a_beat_whose_redis_forgot_it_leads_again(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """A Redis that was emptied costs nobody a window."""
    beat = scheduler(environment["REDIS_URL"], tmp_path)
    beat.tick()
    with results(environment) as kept:
        kept.flushdb()
    assert beat._leads() is True


def test_what_could_not_be_sent_stays_due(
    environment: dict[str, str],
    broker: redis.Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A broker that did not take an entry gets it when it is back, and not only the next day."""
    beat = scheduler(environment["REDIS_URL"], tmp_path, hourly=crontab(minute="0"))
    with results(environment) as kept:
        kept.hset(SENT_KEY, "hourly", time.time() - 7_200)
    with monkeypatch.context() as patch:

        def refuse(*_: Any, **__: Any) -> None:
            raise OperationalError("away")

        # Below the two ways in which beat sends: by a task it knows, and by a name.
        patch.setattr(beat.app.amqp, "send_task_message", refuse)
        assert run_what_is_due(beat) == beat.max_interval
    assert sent(broker) == []
    run_what_is_due(beat)
    assert len(sent(broker)) == 1


def test_while_redis_is_away_nothing_is_marked_as_sent(tmp_path: Path) -> None:
    """Beat waits for it; what is due stays due."""
    beat = scheduler("redis://127.0.0.1:1/0", tmp_path, often=0.01)
    before = beat.schedule["often"].last_run_at
    assert beat.tick() == beat.max_interval
    assert beat.schedule["often"].last_run_at == before
    beat.close()
