"""Beat: heartbeats, leadership and missed entries."""

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
    """A running beat stores the time of its last tick, with an expiry, and logs only JSON."""
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
    """Return a scheduler of this process with broker and records in one Redis."""
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
    """Yield the empty databases of these schedulers."""
    address = environment["REDIS_URL"].rsplit("/", 1)[0]
    with redis.Redis.from_url(f"{address}/6") as client, results(environment) as records:
        for database in (client, records):
            database.flushdb()
        yield client
        for database in (client, records):
            database.flushdb()


def results(environment: dict[str, str]) -> redis.Redis:
    """Return a client of the database with beat's records."""
    address = environment["REDIS_URL"].rsplit("/", 1)[0]
    return redis.Redis.from_url(f"{address}/7", decode_responses=True)


def every_hour(began: datetime) -> crontab:
    """Return a schedule with a window in each hour, which begins at the minute of this time."""
    return crontab(minute=str(began.minute))


def half_an_hour_ago() -> datetime:
    """Return the begin of a window of each hour that neither ends nor begins during a test."""
    return datetime.now(UTC) - timedelta(minutes=30)


def sent(broker: redis.Redis) -> list[dict[str, Any]]:
    """Return the headers of the sent tasks, oldest first."""
    messages = [json.loads(text) for text in broker.lrange("default", 0, -1)]
    return [message["headers"] for message in reversed(messages)]


def run_due_entries(beat: RecordingScheduler) -> float:
    """Tick until no entry is due; return the seconds until beat would tick again."""
    while (interval := beat.tick()) <= 0:
        pass
    return interval


def age_entries(beat: RecordingScheduler, seconds: float) -> None:
    """Let every entry look as if it was last sent so much earlier; nothing waits for it."""
    for entry in beat.schedule.values():
        entry.last_run_at -= timedelta(seconds=seconds)
    beat._heap = None


def test_a_sent_entry_is_recorded(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """After the broker has accepted an entry's task, its time is stored."""
    beat = scheduler(environment["REDIS_URL"], tmp_path, often=0.01)
    time.sleep(0.02)
    began = time.time()
    beat.tick()
    with results(environment) as records:
        assert began <= float(records.hget(SENT_KEY, "often")) <= time.time()
    assert len(sent(broker)) == 1


def test_a_beat_without_entries_records_its_tick(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """Removed entries are deleted from the record."""
    scheduler(environment["REDIS_URL"], tmp_path / "full", hourly=crontab(minute="0")).tick()
    with results(environment) as records:
        assert records.hlen(ENTRIES_KEY) == 1
        records.delete(TICK_KEY, LOCK_KEY)
        with capture_logs() as lines:
            scheduler(environment["REDIS_URL"], tmp_path / "empty").tick()
        assert "beat_state_not_stored" not in [line["event"] for line in lines]
        assert (records.exists(TICK_KEY), records.exists(ENTRIES_KEY)) == (1, 0)


def test_missed_windows_are_sent_once(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """After two days without beat an entry is sent once, for its latest slot."""
    began = half_an_hour_ago()
    beat = scheduler(environment["REDIS_URL"], tmp_path, hourly=every_hour(began))
    beat.schedule["hourly"].last_run_at = datetime.now(UTC) - timedelta(days=2)
    beat.close()
    beat = scheduler(environment["REDIS_URL"], tmp_path, hourly=every_hour(began))
    run_due_entries(beat)
    run_due_entries(beat)
    (headers,) = sent(broker)
    assert headers[WINDOW_HEADER] == f"{began:%Y-%m-%dT%H:%M}Z"


def test_a_lost_schedule_is_recovered(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """Without the schedule's file, the times in Redis are used, and missed entries are sent."""
    with results(environment) as records:
        records.hset(SENT_KEY, mapping={"missed": time.time() - 7_200, "done": time.time()})
    hourly = every_hour(half_an_hour_ago())
    run_due_entries(scheduler(environment["REDIS_URL"], tmp_path, missed=hourly, done=hourly))
    assert len(sent(broker)) == 1
    with results(environment) as records:
        assert float(records.hget(SENT_KEY, "missed")) > time.time() - 600


def test_one_beat_sends_at_a_time(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """The second is a standby; it takes over when the first ends, without duplicates."""
    hourly = every_hour(half_an_hour_ago())
    with results(environment) as records:
        records.hset(SENT_KEY, "hourly", time.time() - 7_200)
    first = scheduler(environment["REDIS_URL"], tmp_path / "first", hourly=hourly)
    second = scheduler(environment["REDIS_URL"], tmp_path / "second", hourly=hourly)
    second.schedule["hourly"].last_run_at = datetime.now(UTC) - timedelta(hours=2)
    with capture_logs() as lines:
        run_due_entries(first)
        assert run_due_entries(second) == second.max_interval
        assert len(sent(broker)) == 1
        first.close()
        run_due_entries(second)
    events = [line["event"] for line in lines]
    assert events == ["beat_leader", "beat_standby", "beat_leader"]
    assert len(sent(broker)) == 1


def test_a_dead_beat_is_replaced(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """Its lock expires; if it resumes, it finds another leader."""
    first = scheduler(environment["REDIS_URL"], tmp_path / "first")
    second = scheduler(environment["REDIS_URL"], tmp_path / "second")
    first.tick()
    with results(environment) as records:
        assert 0 < records.ttl(LOCK_KEY) <= LOCK_S
        records.pexpire(LOCK_KEY, 1)
        time.sleep(0.01)
    assert second._is_leader() is True
    assert first._is_leader() is False


def test_a_beat_leads_again_after_a_flush_of_redis(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """An emptied Redis does not cost a window."""
    beat = scheduler(environment["REDIS_URL"], tmp_path)
    beat.tick()
    with results(environment) as records:
        records.flushdb()
    assert beat._is_leader() is True


def test_an_unsent_entry_stays_due(
    environment: dict[str, str],
    broker: redis.Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An entry that the broker refused is sent when the broker is back, not the next day."""
    beat = scheduler(environment["REDIS_URL"], tmp_path, hourly=every_hour(half_an_hour_ago()))
    with results(environment) as records:
        records.hset(SENT_KEY, "hourly", time.time() - 7_200)
    with monkeypatch.context() as patch:

        def refuse(*_: Any, **__: Any) -> None:
            raise OperationalError("away")

        # Below the two ways in which beat sends: by a task it knows, and by a name.
        patch.setattr(beat.app.amqp, "send_task_message", refuse)
        assert run_due_entries(beat) == beat.max_interval
    assert sent(broker) == []
    run_due_entries(beat)
    assert len(sent(broker)) == 1


def test_without_redis_nothing_is_marked_as_sent(tmp_path: Path) -> None:
    """Beat waits for Redis, and due entries stay due."""
    beat = scheduler("redis://127.0.0.1:1/0", tmp_path, often=0.01)
    before = beat.schedule["often"].last_run_at
    assert beat.tick() == beat.max_interval
    assert beat.schedule["often"].last_run_at == before
    beat.close()


YEAR_S = 365 * 24 * 3600


@pytest.mark.parametrize("ahead_s", [5.0, 3600.0, YEAR_S, 1e11])
@pytest.mark.parametrize("kept_in", ["Redis", "file"])
def test_a_last_time_in_the_future_is_clamped(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path, kept_in: str, ahead_s: float
) -> None:
    """An entry that a wrong clock dated is sent within its period, and a warning names it."""
    beat = scheduler(environment["REDIS_URL"], tmp_path, often=60.0)
    if kept_in == "Redis":
        with results(environment) as records:
            records.hset(SENT_KEY, "often", time.time() + ahead_s)
    else:
        ahead = min(ahead_s, YEAR_S)
        beat.schedule["often"].last_run_at = datetime.now(UTC) + timedelta(seconds=ahead)
    with capture_logs() as lines:
        run_due_entries(beat)
        age_entries(beat, 61)
        run_due_entries(beat)
    assert len(sent(broker)) == 1
    if ahead_s < 1e11 or kept_in == "file":  # which is not a time
        (warning,) = (line for line in lines if line["event"] == "beat_last_time_in_future")
        assert warning["entry"] == "often"
    with results(environment) as records:
        entry = json.loads(records.hget(ENTRIES_KEY, "often"))
    assert entry["next"] <= time.time() + entry["period"]


@pytest.mark.parametrize("recorded", ["nan", "inf", "-inf", "", "yesterday", "1e300"])
def test_a_last_time_that_is_none_is_ignored(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path, recorded: str
) -> None:
    """Beat goes on with its own time."""
    with results(environment) as records:
        records.hset(SENT_KEY, "often", recorded)
    beat = scheduler(environment["REDIS_URL"], tmp_path, often=0.01)
    time.sleep(0.02)
    beat.tick()
    assert len(sent(broker)) == 1


def test_a_clock_that_is_set_back_delays_no_entry(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """Every entry that was sent before the correction is clamped, not only the next one."""
    beat = scheduler(environment["REDIS_URL"], tmp_path, often=30.0, rarely=60.0)
    run_due_entries(beat)
    age_entries(beat, -YEAR_S)
    run_due_entries(beat)
    age_entries(beat, 61)
    run_due_entries(beat)
    assert len(sent(broker)) == 2


def test_the_period_of_an_entry_is_recorded(
    environment: dict[str, str], broker: redis.Redis, tmp_path: Path
) -> None:
    """The period is that of the schedule, whatever the time of day."""
    schedules = {
        "often": 4.0,
        "hourly": crontab(minute="0"),
        "daily": crontab(minute="0", hour="2"),
    }
    beat = scheduler(environment["REDIS_URL"], tmp_path, **schedules)
    beat.tick()
    with results(environment) as records:
        entries = {name: json.loads(entry) for name, entry in records.hgetall(ENTRIES_KEY).items()}
    periods = {name: entry["period"] for name, entry in entries.items()}
    assert periods == {"often": 4.0, "hourly": 3600.0, "daily": 24 * 3600.0}


def test_a_broker_that_refuses_is_logged_once(
    environment: dict[str, str],
    broker: redis.Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every attempt to send fails; the log has one line, and the entry is sent afterwards."""
    beat = scheduler(environment["REDIS_URL"], tmp_path, often=0.01)
    with capture_logs() as lines, monkeypatch.context() as patch:

        def refuse(*_: Any, **__: Any) -> None:
            raise redis.exceptions.ReadOnlyError("no")

        patch.setattr(beat.app.amqp, "send_task_message", refuse)
        for _ in range(3):
            time.sleep(0.02)
            beat.tick()
    refusals = [line for line in lines if line["event"] != "beat_leader"]
    assert [(line["event"], line["reason"]) for line in refusals] == [
        ("beat_broker_unavailable", "READONLY")
    ]
    assert sent(broker) == []
    beat.tick()
    assert len(sent(broker)) == 1
