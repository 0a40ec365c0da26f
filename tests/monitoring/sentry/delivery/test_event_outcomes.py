"""Outcomes of events: each captured event has one, in the slice of its capture."""

from collections import Counter
from typing import Any

import pytest

from securenet_obs.monitoring.sentry.delivery import event_outcomes
from securenet_obs.monitoring.sentry.delivery.event_outcomes import EventOutcomes
from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from securenet_obs.monitoring.slices import MAX_SLICES


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list of which the only item is the time."""
    now = [1_795_729_040.0]
    monkeypatch.setattr(event_outcomes.time, "time", lambda: now[0])
    return now


def test_an_outcome_counts_in_the_slice_of_the_capture(clock: list[float]) -> None:
    """An answer that comes a minute later, too; only the first answer counts."""
    outcomes = EventOutcomes()
    for event_id in ("a", "b", "c"):
        outcomes.capture(event_id)
    clock[0] += 60
    outcomes.accept("a")
    outcomes.drop("b", "network_error")
    outcomes.drop("a", "rate_limited")
    outcomes.accept("unknown")
    outcomes.drop_before_sending("unscrubbed")
    taken = outcomes.take()
    first, second = "2026-11-26T21:37:2", "2026-11-26T21:38:2"
    assert taken.counts == {
        (first, "captured"): 3,
        (first, "accepted"): 1,
        (first, "dropped: network_error"): 1,
        (second, "captured"): 1,
        (second, "dropped: unscrubbed"): 1,
    }
    assert (taken.dropped, list(taken.unanswered)) == ([("b", "network_error")], ["c"])


def test_an_event_that_was_unanswered_is_named_when_it_is_answered() -> None:
    """One that is captured and answered between two calls is not."""
    outcomes = EventOutcomes()
    outcomes.capture("a")
    assert (list(outcomes.take().unanswered), outcomes.take().answered) == (["a"], [])
    outcomes.capture("b")
    outcomes.accept("a")
    outcomes.accept("b")
    assert outcomes.take().answered == ["a"]
    assert outcomes.take() == ({}, [], {}, [])


def test_memory_is_bounded_if_nothing_takes_the_outcomes(clock: list[float]) -> None:
    """A process without a recorder forgets the oldest."""
    outcomes = EventOutcomes()
    for number in range(3 * MAX_SLICES):
        outcomes.capture(f"kept {number}")
        outcomes.capture(f"dropped {number}")
        outcomes.drop(f"dropped {number}", "network_error")
        clock[0] += 10
    taken = outcomes.take()
    assert max(len(part) for part in taken) <= 1_000


@pytest.mark.parametrize(
    ("status", "sent", "outcome"),
    [
        (200, "log.error('x')", "accepted"),
        (500, "log.error('x')", "dropped: network_error"),
        (429, "log.error('x')", "dropped: rate_limited"),
        (413, "log.error('x', detail='y' * 9_000)", "dropped: send_error"),
    ],
)
def test_each_answer_of_sentry_is_an_outcome(
    run: Any, sentry: SentryRecorder, status: int, sent: str, outcome: str
) -> None:
    """An event that is refused and sent again smaller has one outcome, too."""
    sentry.status = status
    finished = run(
        f"""
    import os, structlog
    from securenet_obs.monitoring import *
    from securenet_obs.monitoring.sentry.client import event_outcomes
    configure_structlog()
    init_sentry(os.environ["SENTRY_DSN"], "test")
    log = structlog.get_logger("ours")
    {sent}
    flush_sentry()
    taken = event_outcomes().take()
    log.info("taken", counts=[[name, n] for (_, name), n in taken.counts.items()],
             unanswered=len(taken.unanswered))
    """,
        SENTRY_DSN=sentry.dsn,
    )
    line = finished.line("taken")
    assert Counter(dict(line["counts"])) == {"captured": 1, outcome: 1}
    assert line["unanswered"] == 0


def test_an_event_that_cannot_be_scrubbed_is_dropped_before_sending(
    run: Any, sentry: SentryRecorder
) -> None:
    """It is captured and dropped; a duplicate is neither."""
    finished = run(
        """
    import os, sentry_sdk, structlog
    from securenet_obs.monitoring import *
    from securenet_obs.monitoring.sentry.client import event_outcomes
    configure_structlog()
    init_sentry(os.environ["SENTRY_DSN"], "test")
    transport = sentry_sdk.get_client().transport
    transport.record_lost_event("before_send", data_category="error")
    transport.record_lost_event("event_processor", data_category="error")
    transport.record_lost_event("before_send", data_category="transaction")
    counts = {name: n for (_, name), n in event_outcomes().take().counts.items()}
    structlog.get_logger("ours").info("taken", counts=counts)
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert finished.line("taken")["counts"] == {"captured": 1, "dropped: unscrubbed": 1}
