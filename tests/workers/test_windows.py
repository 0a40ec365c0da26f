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
def test_what_was_missed_is_one_window(last_run_at: datetime, slot: str | None) -> None:
    """However long ago the last run, the window is the latest slot; without one there is none."""
    schedule = crontab(minute="0", hour="*/6", nowfun=lambda: NOW)
    assert latest_slot(schedule, last_run_at) == slot


def test_a_tenants_task_of_a_window_is_one_task() -> None:
    """Whoever sends it gives it the same id, and no other has that."""
    assert task_id_of("scan", "acme", "w") == task_id_of("scan", "acme", "w")
    others = {task_id_of("scan", "acme", "v"), task_id_of("scan", "b", "w")}
    assert task_id_of("scan", "acme", "w") not in others | {task_id_of("train", "acme", "w")}
