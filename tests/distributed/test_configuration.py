"""The schedule is a crontab; each other text is refused."""

import pytest
from celery import Celery

from securenet_obs.distributed.configuration import configure
from securenet_obs.distributed.names import DISPATCH
from securenet_obs.errors import SettingsError


@pytest.mark.parametrize(
    ("schedule", "tasks"), [("", []), ("0 3 * * *", [DISPATCH]), ("*/15 6-18 * * mon", [DISPATCH])]
)
def test_a_schedule_is_an_entry(schedule: str, tasks: list[str]) -> None:
    """Without one, beat sends nothing."""
    app = configure(Celery(set_as_current=False), "redis://127.0.0.1/2", schedule)
    entries = list(app.conf.beat_schedule.values())
    assert [entry["task"] for entry in entries] == tasks
    assert all(entry["kwargs"] == {"schedule": schedule} for entry in entries)


@pytest.mark.parametrize(
    "schedule",
    ["daily", "0 3 * *", "0 25 * * *", "x 3 * * *", "*/0 * * * *", "0 0 31 2 *"],
)
def test_another_text_is_refused(schedule: str) -> None:
    """The message has the variable and an example."""
    with pytest.raises(SettingsError, match=r"VALIDATION_SCHEDULE.*0 3 \* \* \*"):
        configure(Celery(set_as_current=False), "redis://127.0.0.1/2", schedule)
