"""Alerts are taken once, the oldest first, and again if their taker is gone."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from securenet_obs.api.alerts.alert import ReceivedAlert
from securenet_obs.api.alerts.storing import store_alerts
from securenet_obs.oncall.dossiers.queue import (
    MAX_ATTEMPTS,
    TAKEN_S,
    finish_alert,
    list_waiting_alerts,
    take_alert,
)
from securenet_obs.store import Alert, session_scope


def store(title: str) -> None:
    store_alerts([ReceivedAlert("sentry", title, title, "text", facts={"queue": "logs"})])


@pytest.mark.usefixtures("empty_store")
def test_the_oldest_is_taken_first() -> None:
    """Each once; one that was put back is taken again, a few times."""
    assert take_alert() is None
    for title in ("first", "second"):
        store(title)
    taken = [take_alert(), take_alert(), take_alert()]
    assert [alert and alert.title for alert in taken] == ["first", "second", None]
    first = taken[0]
    assert first is not None
    assert first.facts == {"queue": "logs"}
    for _ in range(MAX_ATTEMPTS - 1):
        finish_alert(first, "waiting")
        assert take_alert() is not None
    finish_alert(first, "waiting")
    assert take_alert() is None


@pytest.mark.usefixtures("empty_store")
def test_an_alert_of_a_killed_process_is_taken_again() -> None:
    store("one")
    taken = take_alert()
    assert taken is not None
    with session_scope() as session:
        before = datetime.now(UTC) - timedelta(seconds=TAKEN_S + 1)
        session.execute(update(Alert).values(taken_at=before))
    assert take_alert() is not None
    finish_alert(taken, "done")
    with session_scope() as session:
        assert session.scalars(select(Alert.state)).all() == ["done"]
    assert take_alert() is None


@pytest.mark.usefixtures("empty_store")
def test_alerts_that_wait_are_listed() -> None:
    """The oldest first; one that was taken, or whose attempts are used up, is left out."""
    for title in ("first", "second", "third"):
        store(title)
    with session_scope() as session:
        used_up = update(Alert).where(Alert.title == "second").values(attempts=MAX_ATTEMPTS)
        session.execute(used_up)
    assert [alert.title for alert in list_waiting_alerts()] == ["first", "third"]
    assert take_alert() is not None
    assert [alert.title for alert in list_waiting_alerts()] == ["third"]
