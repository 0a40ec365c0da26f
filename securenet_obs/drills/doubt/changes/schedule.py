"""Changes of beat: lost entries, wrong times."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any


def forget_entry() -> None:
    """Schedule one entry less than this release has."""
    from securenet_obs.workers.celery_app import celery_app

    schedule = celery_app.conf.beat_schedule
    celery_app.conf.beat_schedule = {
        name: entry for name, entry in schedule.items() if name != "ml-model-retrain"
    }


def report_overdue() -> None:
    """Report every entry as due a day ago, without the time of its last dispatch."""
    from securenet_obs.workers import schedule

    entry_data = schedule._entry_data

    def overdue(entry: Any) -> dict[str, Any]:
        data = entry_data(entry)
        return data | {"next": data["next"] - 86400, "last": None}

    schedule._entry_data = overdue


def believe_future_times() -> None:
    """Believe last times that a clock, a year ahead, has recorded."""
    from securenet_obs.workers import schedule

    class Believing(schedule.RecordingScheduler):
        def _clamp_last_times(self) -> None:
            ahead = datetime.now(UTC) + timedelta(days=365)
            for entry in self.schedule.values():
                entry.last_run_at = ahead

    schedule.RecordingScheduler = Believing


def tick_ahead() -> None:
    """Record ticks by a clock that is an hour ahead."""
    from securenet_obs.workers import schedule

    store_schedule = schedule.RecordingScheduler._store_schedule

    def store_ahead(self: Any, client: Any) -> None:
        store_schedule(self, client)
        client.set(schedule.TICK_KEY, repr(time.time() + 3600))

    schedule.RecordingScheduler._store_schedule = store_ahead
