"""Slots of a schedule."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from celery.schedules import crontab

from securenet_obs.workers.windows import latest_slot, slots_after, task_id_of

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last_run_at", "slot"),
    [
        (NOW - timedelta(hours=2), None),
        (NOW - timedelta(hours=3), "2026-11-23T12:00Z"),
        (NOW - timedelta(hours=20), "2026-11-23T12:00Z"),
        (NOW - timedelta(days=90), "2026-11-23T12:00Z"),
        (NOW + timedelta(hours=1), None),
    ],
)
def test_missed_slots_are_one_window(last_run_at: datetime, slot: str | None) -> None:
    """The window is the latest slot since the last run, or None without one."""
    schedule = crontab(minute="0", hour="*/6", nowfun=lambda: NOW)
    assert latest_slot(schedule, last_run_at) == slot


def test_the_latest_slot_is_that_of_yesterday_s_last_minutes() -> None:
    """Celery knows one time of each hour of another day: the window had been 23:10."""
    now = datetime(2026, 11, 24, 0, 5, tzinfo=UTC)
    schedule = crontab(minute="10,50", nowfun=lambda: now)
    assert latest_slot(schedule, now - timedelta(hours=2)) == "2026-11-23T23:50Z"


@pytest.mark.parametrize("minute", ["*/20", "0,20,40"])
def test_all_slots_of_an_hour_of_another_day_are_slots(minute: str) -> None:
    """Celery leaves out those that are not the first of their hour, unless it is today."""
    found = islice(slots_after(crontab(minute=minute), NOW - timedelta(days=90)), 5)
    assert [f"{slot:%H:%M}" for slot in found] == ["14:40", "15:00", "15:20", "15:40", "16:00"]


def test_the_task_id_depends_on_task_tenant_and_window() -> None:
    """Every sender gives it the same id, which is unique."""
    assert task_id_of("scan", "acme", "w") == task_id_of("scan", "acme", "w")
    others = {task_id_of("scan", "acme", "v"), task_id_of("scan", "b", "w")}
    assert task_id_of("scan", "acme", "w") not in others | {task_id_of("train", "acme", "w")}
