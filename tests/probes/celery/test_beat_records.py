"""Beat's records: the last tick, due times, missed times, and the window of a slot."""

import json
import math
import time
from collections.abc import Iterator

import pytest
import redis

from securenet_obs.probes.celery.beat_records import BeatEntry, find_write_refusal, read_beat
from securenet_obs.settings import Settings
from tests.conftest import RedisServer

SLOT = 1_764_180_000.0  # 2025-11-26 18:00:00 UTC
KEYS = ("securenet:beat:tick", "securenet:beat:entries", "securenet:beat:sent")


def entry(next_s: float, period_s: float = 21_600.0) -> BeatEntry:
    """Return an entry that is due every six hours."""
    return BeatEntry("scan", "a.dispatch_scans", "<crontab: 0 */6>", next_s, period_s, math.nan)


@pytest.mark.parametrize(
    ("late_s", "missed"), [(-1, 0), (0, 1), (21_599, 1), (21_600, 2), (43_200, 3)]
)
def test_missed_times_are_counted(late_s: float, missed: int) -> None:
    """The time at which it is due counts, and each period after it."""
    assert entry(SLOT).count_missed(SLOT + late_s) == missed


def test_without_a_period_one_time_was_missed() -> None:
    """A beat of an older release does not record it."""
    assert entry(SLOT, math.nan).count_missed(SLOT + 1e6) == 1


@pytest.mark.parametrize("error_s", [-0.9, 0.0, 0.9])
def test_the_window_is_the_slot_before_the_next(error_s: float) -> None:
    """Beat estimates the next time, to a second."""
    assert entry(SLOT + 21_600 + error_s).find_slot() == "2025-11-26T18:00Z"


@pytest.fixture
def settings(redis_server: RedisServer) -> Iterator[Settings]:
    found = Settings(**{name.lower(): value for name, value in redis_server.environment.items()})
    with redis.Redis.from_url(found.results.get_secret_value()) as client:
        client.delete(*KEYS)
        yield found
        client.delete(*KEYS)


def test_without_records_the_tick_is_infinitely_old(settings: Settings) -> None:
    """A beat that never ran has no entries."""
    records = read_beat(settings)
    assert (records.tick_age_s, records.entries) == (math.inf, [])


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        ([], ""),
        (["CONFIG SET maxmemory 1"], "refuses"),
        (["REPLICAOF 127.0.0.1 1"], "Redis is a replica"),
    ],
)
def test_a_refusal_is_seen_without_a_write(
    settings: Settings, commands: list[str], reason: str
) -> None:
    """A full memory refuses transactions, and a replica every write."""
    with redis.Redis.from_url(settings.results.get_secret_value()) as client:
        try:
            for command in commands:
                client.execute_command(*command.split())
            refusal = find_write_refusal(settings)
        finally:
            client.execute_command("REPLICAOF", "NO", "ONE")
            client.config_set("maxmemory", 0)
    assert reason in refusal
    assert bool(reason) == bool(refusal)


def test_the_records_are_read(settings: Settings) -> None:
    """An entry that was never sent has no time of sending, and its slots are known."""
    fields = {"task": "a.b", "schedule": "<crontab>", "last": 1.0, "next": 9.0, "period": 2.0}
    with redis.Redis.from_url(settings.results.get_secret_value()) as client:
        client.set(KEYS[0], repr(time.time() - 5))
        client.hset(KEYS[1], "scan", json.dumps(fields))
        client.hset(KEYS[1], "old", json.dumps({**fields, "period": None, "schedule": "15 s"}))
        client.hset(KEYS[2], "scan", "7.5")
    records = read_beat(settings)
    assert 5 <= records.tick_age_s < 60
    old, scan = records.entries
    assert (scan.name, scan.next, scan.period_s, scan.sent) == ("scan", 9.0, 2.0, 7.5)
    assert (scan.has_slots, old.has_slots) == (True, False)
    assert math.isnan(old.sent)
    assert math.isnan(old.period_s)
