"""Alerts are stored once for a while, bounded, and wait for nothing during maintenance."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from securenet_obs.api.alerts import storing
from securenet_obs.api.alerts.alert import ReceivedAlert
from securenet_obs.api.alerts.maintenance import end_windows, open_window
from securenet_obs.api.alerts.storing import REPEAT_S, store_alerts
from securenet_obs.store import Alert, session_scope

ONE = ReceivedAlert("sentry", "issue 1", "title", "text")


def rows() -> list[Alert]:
    with session_scope() as session:
        return list(session.scalars(select(Alert).order_by(Alert.title)).all())


def age(seconds: float) -> None:
    with session_scope() as session:
        session.execute(
            update(Alert).values(opened_at=datetime.now(UTC) - timedelta(seconds=seconds))
        )


@pytest.mark.usefixtures("empty_store")
def test_a_repeated_alert_is_counted() -> None:
    """Also within one request; after the time of repetition it is opened again."""
    assert store_alerts([ONE, ONE]) == ["waiting", "repeated"]
    assert store_alerts([ONE]) == ["repeated"]
    assert [row.times for row in rows()] == [3]
    age(REPEAT_S + 1)
    assert store_alerts([ONE]) == ["waiting"]
    assert [row.times for row in rows()] == [1]


@pytest.mark.usefixtures("empty_store")
def test_a_resolved_alert_is_not_stored() -> None:
    assert store_alerts([ReceivedAlert("sentry", "i", "t", "t", is_resolved=True)]) == ["resolved"]
    assert rows() == []


@pytest.mark.usefixtures("empty_store")
def test_alerts_of_maintenance_wait_for_nothing() -> None:
    """Those that are still firing after its end are opened then."""
    with session_scope() as session:
        open_window(session, 3600, "an upgrade")
    assert store_alerts([ONE]) == ["maintenance"]
    assert store_alerts([ONE]) == ["repeated"]
    with session_scope() as session:
        assert end_windows(session) == 1
    assert store_alerts([ONE]) == ["waiting"]


@pytest.mark.usefixtures("empty_store")
def test_the_oldest_alerts_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "MAX_KEPT", 2)
    for number in range(4):
        store_alerts([ReceivedAlert("sentry", f"{number}", f"{number}", "")])
    assert [row.title for row in rows()] == ["2", "3"]


@pytest.mark.usefixtures("empty_store")
def test_any_text_can_be_stored() -> None:
    """NUL, lone surrogates and huge texts; secrets are masked."""
    secret = "redis://user:hunter2hunter2@host/0"
    hostile = ReceivedAlert(
        "sentry", "\0\ud800", f"\0\ud800 {'x' * 999}", f"{secret} {'y' * 99_999} {secret}",
        facts={f"{number}\0": "\ud800" + "z" * 999 for number in range(99)},
    )  # fmt: skip
    assert store_alerts([hostile]) == ["waiting"]
    (row,) = rows()
    assert "hunter2hunter2" not in row.text
    assert "\0" not in row.title
    assert len(row.text) < 20_000
    assert len(row.facts) == 40
