"""The queue of stored alerts: lists and takes those that wait, and marks them once done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, or_, select, update

from securenet_obs.store import REQUEST, Alert, session_scope

MAX_ATTEMPTS = 3
"""Number of times that an alert is taken, if its dossier cannot be written."""

TAKEN_S = 300.0
"""Seconds after which an alert that was taken, and is not done, is taken again."""


MAX_LISTED = 100
"""Number of alerts that are listed at once, the oldest ones."""


@dataclass(frozen=True)
class WaitingAlert:
    """An alert that waits or was taken; the attributes are the columns of `Alert`."""

    key: str
    source: str
    title: str
    text: str
    runbook: str
    facts: Mapping[str, str]
    opened_at: datetime
    times: int


def list_waiting_alerts() -> list[WaitingAlert]:
    """Return the oldest alerts that wait, and leave them to be taken.

    Raises:
        StoreUnavailableError: the store cannot do it now.
    """
    is_open = and_(Alert.state == "waiting", Alert.attempts < MAX_ATTEMPTS)
    oldest = select(Alert).where(is_open).order_by(Alert.opened_at).limit(MAX_LISTED)
    with session_scope(REQUEST) as session:
        return [_read(row) for row in session.scalars(oldest)]


def take_alert() -> WaitingAlert | None:
    """Take the oldest alert that waits; None if there is none. Two processes never take one.

    Raises:
        StoreUnavailableError: the store cannot do it now.
    """
    now = datetime.now(UTC)
    lost = and_(Alert.state == "taken", Alert.taken_at < now - timedelta(seconds=TAKEN_S))
    is_open = and_(or_(Alert.state == "waiting", lost), Alert.attempts < MAX_ATTEMPTS)
    oldest = select(Alert.key).where(is_open).order_by(Alert.opened_at).limit(1)
    taken = {"state": "taken", "taken_at": now, "attempts": Alert.attempts + 1}
    with session_scope(REQUEST) as session:
        key = session.scalar(oldest.with_for_update(skip_locked=True))
        if key is None:
            return None
        changed = update(Alert).where(Alert.key == key, is_open).values(**taken)
        row = session.scalars(changed.returning(Alert)).first()
        return None if row is None else _read(row)


def finish_alert(alert: WaitingAlert, state: str) -> None:
    """Set the state of an alert that was taken: `done`, or `waiting` after a failure.

    One that was opened again meanwhile stays as it is.

    Raises:
        StoreUnavailableError: the store cannot do it now.
    """
    is_same = and_(Alert.key == alert.key, Alert.state == "taken")
    with session_scope(REQUEST) as session:
        session.execute(update(Alert).where(is_same).values(state=state))


def _read(row: Alert) -> WaitingAlert:
    facts = {str(name): str(value) for name, value in row.facts.items()}
    return WaitingAlert(
        row.key, row.source, row.title, row.text, row.runbook, facts, row.opened_at, row.times
    )
