"""The balance of error events, from what processes record."""

import time
from collections.abc import Iterator

import pytest
import redis

from securenet_obs.monitoring.metrics import ledger
from securenet_obs.monitoring.metrics.ledger import LedgerRecorder
from securenet_obs.monitoring.sentry.delivery.event_outcomes import EventOutcomes
from securenet_obs.probes.ledger import events
from securenet_obs.probes.ledger.events import EventBalance, read_events


@pytest.fixture
def outcomes(results: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[EventOutcomes]:
    """Yield the outcomes of a process that has captured four events, and record them."""
    outcomes = EventOutcomes()
    monkeypatch.setattr(ledger, "event_outcomes", lambda: outcomes)
    monkeypatch.setattr(ledger, "take_line_counts", dict)
    for event_id in "abcd":
        outcomes.capture(event_id)
    outcomes.accept("a")
    outcomes.drop("b", "network_error")
    outcomes.drop_before_sending("unscrubbed")
    LedgerRecorder(results, "api").record()
    return outcomes


def read(results: redis.Redis) -> EventBalance:
    return read_events(results, time.time() - 60, time.time())


def test_events_in_the_queue_of_a_living_process_are_queued(
    results: redis.Redis, outcomes: EventOutcomes
) -> None:
    """Dropped ones are counted by reason, and named where they have an id."""
    balance = read(results)
    (row,) = balance.tabulate()
    expected = {"captured": 5, "accepted": 1, "dropped": 2, "queued": 2, "missing": 0}
    reasons = "network_error 1, unscrubbed 1"
    assert row == {"service": "api", **expected, "reasons": reasons}
    assert [(event.id, event.reason) for event in balance.dropped] == [("b", "network_error")]
    assert balance.missing == []


def test_events_of_a_process_that_has_ended_are_missing(
    results: redis.Redis, outcomes: EventOutcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are named by their ids; the reason is that no answer was recorded."""
    monkeypatch.setattr(events, "ALIVE_S", -1.0)
    balance = read(results)
    assert [event.id for event in balance.missing] == ["c", "d"]
    assert balance.missing_count == 2


def test_an_event_that_waits_longer_than_any_queue_is_missing(
    results: redis.Redis, outcomes: EventOutcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process lives, and has lost it without noticing."""
    monkeypatch.setattr(events, "MAX_QUEUE_S", -1.0)
    assert read(results).missing_count == 2


def test_a_missing_event_without_an_id_is_counted(
    results: redis.Redis, outcomes: EventOutcomes
) -> None:
    """More events than the ids that a process keeps."""
    results.hdel(ledger.UNANSWERED_KEY, "c")
    balance = read(results)
    assert (balance.missing, balance.missing_count) == ([], 1)


def test_other_periods_do_not_count(results: redis.Redis, outcomes: EventOutcomes) -> None:
    """Neither their counts nor their events."""
    balance = read_events(results, time.time() - 600, time.time() - 300)
    assert (balance.tabulate(), balance.unanswered) == ([], [])
