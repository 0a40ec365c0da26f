"""Wait and run times of tasks."""

from datetime import UTC, datetime
from typing import Any

import pytest
from celery.app.task import Context

from securenet_obs.workers.durations import SENT_HEADER, waited_ms

ETA = datetime.fromtimestamp(1_003, UTC).isoformat()


@pytest.mark.parametrize(
    ("message", "wait_ms"),
    [
        ({SENT_HEADER: 1_000.5}, 9_500),
        ({SENT_HEADER: 1_000.5, "eta": ETA}, 7_000),
        ({SENT_HEADER: 2_000.0}, 0),
        ({SENT_HEADER: "soon"}, None),
        ({}, None),
    ],
)
def test_the_wait_begins_when_the_task_may_run(
    message: dict[str, Any], wait_ms: int | None
) -> None:
    """From sending or the ETA; never negative, and unknown without a time of sending."""
    assert waited_ms(Context(message), now=1_010.0) == wait_ms


def test_lines_and_events_have_both_durations(target: Any) -> None:
    """Lines of successes and failures, and the error event, have wait and run time."""
    target.send("tested.sleeps", 1.0)
    failed = target.send("tested.logs_and_fails")
    sent = target.send("tested.return_secret", "x")
    assert 500 <= target.line("task_succeeded", sent.id)["wait_ms"] < 20_000
    line = target.line("task_failed", failed.id)
    event = target.sentry.wait_for_event(lambda event: event["tags"].get("task_id") == failed.id)
    durations = event["contexts"]["task_durations"]
    assert 500 <= durations["wait_ms"] == line["wait_ms"]
    assert durations["duration_ms"] > 0


def test_every_sent_task_has_its_time_of_sending(target: Any) -> None:
    """The header is added to every task that SecureNet sends."""
    child = target.send("tested.parent").get(timeout=60)
    assert 0 <= target.line("task_succeeded", child)["wait_ms"] < 10_000
