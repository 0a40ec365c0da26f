"""Stores alerts: each once for a while, by its identity; those of maintenance wait for nothing."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, delete, literal, or_, select, update
from sqlalchemy.orm import Session

from securenet_obs.api.alerts.alert import ReceivedAlert
from securenet_obs.api.alerts.maintenance import list_open_windows
from securenet_obs.store import REQUEST, Alert, insert_once, session_scope
from securenet_obs.store.rows import changed_rows

REPEAT_S = 3600.0
"""Seconds since an alert was opened in which it only repeats; after them it is opened again."""

MAX_KEPT = 1_000
"""Number of alerts that are kept, the latest ones."""


def store_alerts(alerts: Sequence[ReceivedAlert]) -> list[str]:
    """Store alerts; return the state of each: waiting, repeated, maintenance or resolved.

    Raises:
        StoreUnavailableError: the store cannot do it now.
    """
    now = datetime.now(UTC)
    with session_scope(REQUEST) as session:
        in_maintenance = bool(list_open_windows(session))
        # In one order: concurrent requests must not wait for each other's rows.
        rows = sorted(enumerate(alerts), key=lambda row: _key(row[1]))
        states = {
            place: _store(session, alert, now, in_maintenance=in_maintenance)
            for place, alert in rows
        }
        _remove_oldest(session)
    return [states[place] for place in range(len(alerts))]


def _store(session: Session, alert: ReceivedAlert, now: datetime, *, in_maintenance: bool) -> str:
    if alert.is_resolved:
        return "resolved"
    key, state = _key(alert), "maintenance" if in_maintenance else "waiting"
    opened = {
        **alert.to_values(),
        "opened_at": now,
        "last_at": now,
        "times": 1,
        "state": state,
        "taken_at": None,
        "attempts": 0,
    }
    if insert_once(session, Alert, key=key, **opened):
        return state
    is_old = Alert.opened_at < now - timedelta(seconds=REPEAT_S)
    has_waited = and_(Alert.state == "maintenance", literal(not in_maintenance))
    again = update(Alert).where(Alert.key == key, or_(is_old, has_waited)).values(**opened)
    if changed_rows(session.execute(again)):
        return state
    repeated = {"times": Alert.times + 1, "last_at": now}
    session.execute(update(Alert).where(Alert.key == key).values(**repeated))
    return "repeated"


def _key(alert: ReceivedAlert) -> str:
    text = f"{alert.source}\n{alert.identity}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _remove_oldest(session: Session) -> None:
    surplus = select(Alert.key).order_by(Alert.last_at.desc(), Alert.key).offset(MAX_KEPT)
    session.execute(delete(Alert).where(Alert.key.in_(surplus)))
