"""Slots of a schedule."""

from datetime import UTC, datetime, timedelta

import pytest
from celery.schedules import crontab

from securenet_obs.workers.windows import latest_slot, task_id_of

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


def test_the_task_id_depends_on_task_tenant_and_window() -> None:
    """Every sender gives it the same id, which is unique."""
    assert task_id_of("scan", "acme", "w") == task_id_of("scan", "acme", "w")
    others = {task_id_of("scan", "acme", "v"), task_id_of("scan", "b", "w")}
    assert task_id_of("scan", "acme", "w") not in others | {task_id_of("train", "acme", "w")}
