"""Counts of slices: the keys and names of the processes, and the limits of a period."""

import json

import redis

from securenet_obs.monitoring import slices
from securenet_obs.monitoring.metrics import ledger
from securenet_obs.probes.ledger import counts, events
from securenet_obs.probes.ledger.counts import name_slice, parse_slice, read_counts
from securenet_obs.settings import Settings


def test_names_are_those_of_the_processes() -> None:
    """A key that only one side renames would balance nothing."""
    assert counts.COUNTS_KEY == ledger.COUNTS_KEY
    assert events.UNANSWERED_KEY == ledger.UNANSWERED_KEY
    assert events.DROPPED_KEY == ledger.DROPPED_KEY
    assert name_slice(1e9) == slices.name_slice(1e9)
    assert parse_slice(name_slice(1e9)) == 1e9 // 10 * 10


def test_only_the_slices_of_the_period_are_read(settings: Settings, broker: redis.Redis) -> None:
    """Of all hours that it touches; the end is not part of it."""
    broker.flushdb()
    times = ("09:59:4", "09:59:5", "10:00:0", "11:00:0")
    for time in times:
        for kind, number in (("lines", 2), ("events", 1)):
            name = f"2026-11-26T{time}"
            field = json.dumps([kind, name, "api", "written"])
            broker.hset(f"{counts.COUNTS_KEY}{name[:13]}", field, str(number))
    found = read_counts(broker, "lines", "2026-11-26T09:59:5", "2026-11-26T11:00:0")
    assert found == {
        ("2026-11-26T09:59:5", "api"): {"written": 2},
        ("2026-11-26T10:00:0", "api"): {"written": 2},
    }
