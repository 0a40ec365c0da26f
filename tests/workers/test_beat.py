"""Beat's signs of life."""

import json
import time
from pathlib import Path
from typing import Any

import redis

from securenet_obs.workers.beat import SENT_KEY, TICK_KEY, RecordingScheduler
from securenet_obs.workers.celery_app import celery_app


def test_beat_records_its_ticks_and_logs_json(
    environment: dict[str, str], running: Any, celery_command: list[str], tmp_path: Path
) -> None:
    """A running beat leaves the time of its last tick, with an expiry, and only JSON lines."""
    client = redis.Redis.from_url(environment["RESULT_URL"], decode_responses=True)
    client.delete(TICK_KEY)
    log, began = tmp_path / "beat.log", time.time()
    command = [*celery_command, "beat", "--schedule", str(tmp_path / "schedule"), "--pidfile="]
    with running(command, environment, log):
        while client.get(TICK_KEY) is None:
            assert time.time() < began + 20, log.read_text()
            time.sleep(0.05)
    assert began < float(client.get(TICK_KEY)) < time.time()
    assert client.ttl(TICK_KEY) > 0
    assert [json.loads(line)["level"] for line in log.read_bytes().splitlines()]


def scheduler(url: str, folder: Path) -> RecordingScheduler:
    """Return a scheduler of this process whose records go to a Redis."""
    made = RecordingScheduler(
        app=celery_app, schedule_filename=str(folder / "schedule"), lazy=True, max_interval=5
    )
    made.__dict__["_redis"] = redis.Redis.from_url(url, decode_responses=True)
    return made


def test_a_sent_entry_is_recorded(
    environment: dict[str, str], tmp_path: Path, fresh_settings: None
) -> None:
    """When an entry's task was taken by the broker, its name has the time."""
    made = scheduler(environment["RESULT_URL"], tmp_path)
    made._record(lambda client: client.hset(SENT_KEY, "vulnerability-scan", "1.5"))
    assert made._redis.hget(SENT_KEY, "vulnerability-scan") == "1.5"


def test_a_redis_that_is_away_does_not_stop_the_schedule(tmp_path: Path) -> None:
    """Recording fails with a line in the log, and beat goes on."""
    made = scheduler("redis://127.0.0.1:1/0", tmp_path)
    made._record(lambda client: client.set(TICK_KEY, "0"))
