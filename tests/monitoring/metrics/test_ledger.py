"""The ledger of a process in Redis: each increment once, of several processes together."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from securenet_obs.monitoring.metrics import ledger
from securenet_obs.monitoring.metrics.ledger import LedgerRecorder, trim_events
from securenet_obs.monitoring.sentry.delivery.event_outcomes import EventOutcomes

SLICE = "2026-11-26T21:37:2"
HOUR = f"{ledger.COUNTS_KEY}2026-11-26T21"


@pytest.fixture
def client(redis_server: Any) -> Iterator[redis.Redis]:
    """Yield a client of an empty database."""
    url = redis_server.environment["REDIS_URL"].removesuffix("0") + "9"
    with redis.Redis.from_url(url, decode_responses=True) as client:
        client.flushdb()
        yield client


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> EventOutcomes:
    """Replace the outcomes of the tests' process; each call of its lines returns three."""
    outcomes = EventOutcomes()
    monkeypatch.setattr(ledger, "event_outcomes", lambda: outcomes)
    monkeypatch.setattr(ledger, "take_line_counts", lambda: {(SLICE, "written"): 3})
    return outcomes


def lines(client: redis.Redis, service: str) -> int:
    field = json.dumps(["lines", SLICE, service, "written"])
    return int(client.hget(HOUR, field) or 0)  # type: ignore[arg-type]


def test_processes_of_a_service_add_up(client: redis.Redis, outcomes: EventOutcomes) -> None:
    """Children that are recycled, and other hosts; the counts of an hour expire after a day."""
    for service in ("worker", "worker", "api"):
        LedgerRecorder(client, service).record()
    assert (lines(client, "worker"), lines(client, "api")) == (6, 3)
    assert 24 * 3600 < client.ttl(HOUR) <= ledger.MAX_AGE_S  # type: ignore[operator]
    assert float(client.get(ledger.BEGAN_KEY)) <= time.time()  # type: ignore[arg-type]


def test_an_addition_without_confirmation_is_applied_once(
    client: redis.Redis, outcomes: EventOutcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks after Redis has applied it, or before."""
    recorder = LedgerRecorder(client, "worker")
    add = recorder._add

    def break_after(**arguments: Any) -> None:
        add(**arguments)
        raise redis.ConnectionError

    def break_before(**_: Any) -> None:
        raise redis.ConnectionError

    for broken in (break_after, break_before, break_before):
        recorder.__dict__["_add"] = broken
        with pytest.raises(redis.ConnectionError):
            recorder.record()
    assert lines(client, "worker") == 3
    recorder.__dict__["_add"] = add
    recorder.record()
    assert lines(client, "worker") == 6


def test_an_event_is_unanswered_until_its_answer(
    client: redis.Redis, outcomes: EventOutcomes
) -> None:
    """Its process is alive as often as it records; a dropped event is named with its reason."""
    recorder = LedgerRecorder(client, "api")
    outcomes.capture("a")
    outcomes.capture("b")
    recorder.record()
    state = json.loads(client.hget(ledger.UNANSWERED_KEY, "a"))  # type: ignore[arg-type]
    assert (state["service"], state["captured_at"] <= state["alive_at"]) == ("api", True)
    recorder.record()
    again = json.loads(client.hget(ledger.UNANSWERED_KEY, "a"))  # type: ignore[arg-type]
    assert again["alive_at"] > state["alive_at"]
    outcomes.accept("a")
    outcomes.drop("b", "queue_overflow")
    recorder.record()
    assert not client.exists(ledger.UNANSWERED_KEY)
    ((_, record),) = client.xrange(ledger.DROPPED_KEY)  # type: ignore[misc]
    assert record == {"id": "b", "reason": "queue_overflow", "service": "api"}


def test_records_of_events_are_trimmed_by_age(client: redis.Redis) -> None:
    """Those of a process that has ended, too."""
    now = time.time()
    for name, at in (("old", now - 100), ("new", now)):
        client.hset(ledger.UNANSWERED_KEY, name, json.dumps({"captured_at": at}))
        client.xadd(ledger.DROPPED_KEY, {"id": name}, id=f"{int(at * 1e3)}-0")
    trim_events(client, 50)
    assert client.hkeys(ledger.UNANSWERED_KEY) == ["new"]
    assert [fields["id"] for _, fields in client.xrange(ledger.DROPPED_KEY)] == ["new"]  # type: ignore[misc,union-attr]
