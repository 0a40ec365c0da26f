"""Every entry of beat has a monitor that Sentry accepts, but the outbox."""

from datetime import timedelta

import pytest
from celery import Celery
from celery.schedules import crontab, schedule
from sentry_sdk.integrations.celery import beat

from securenet_obs.monitoring.sentry.tracing.beat_monitors import round_intervals


@pytest.mark.parametrize(
    ("seconds", "value", "unit"),
    [
        (0.1, 1, "minute"),
        (4, 1, "minute"),
        (59.9, 1, "minute"),
        (60, 1, "minute"),
        (61, 2, "minute"),
        (90, 2, "minute"),
        (300, 5, "minute"),
        (3_600, 1, "hour"),
        (86_400, 1, "day"),
    ],
)
def test_an_interval_is_rounded_up(
    seconds: float, value: int, unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK sends no check-in for an interval that is not of whole minutes."""
    monkeypatch.setattr(beat, "_get_interval_schedule", beat._get_interval_schedule)
    round_intervals()
    entry = schedule(timedelta(seconds=seconds))
    config = beat._get_monitor_config(entry, Celery(set_as_current=False), "canary")
    assert config["schedule"] == {"type": "interval", "value": value, "unit": unit}


def test_a_crontab_is_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its schedule is sent as it is."""
    monkeypatch.setattr(beat, "_get_interval_schedule", beat._get_interval_schedule)
    round_intervals()
    entry = crontab(minute="0", hour="2")
    config = beat._get_monitor_config(entry, Celery(set_as_current=False), "nightly")
    assert config["schedule"] == {"type": "crontab", "value": "0 2 * * *"}
