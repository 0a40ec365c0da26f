"""Windows of maintenance in the store: opens, ends and lists them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from securenet_obs.store import MaintenanceWindow
from securenet_obs.store.rows import changed_rows

MAX_REASON = 200
"""Characters of a reason."""


def open_window(session: Session, period_s: float, reason: str) -> MaintenanceWindow:
    """Open a window that begins now; it ends by itself."""
    now = datetime.now(UTC)
    window = MaintenanceWindow(
        starts_at=now, ends_at=now + timedelta(seconds=period_s), reason=reason[:MAX_REASON]
    )
    session.add(window)
    session.flush()
    return window


def list_open_windows(session: Session) -> Sequence[MaintenanceWindow]:
    """Return the windows that are open now."""
    now = datetime.now(UTC)
    query = select(MaintenanceWindow).where(
        MaintenanceWindow.starts_at <= now, MaintenanceWindow.ends_at > now
    )
    return session.scalars(query.order_by(MaintenanceWindow.ends_at)).all()


def end_windows(session: Session) -> int:
    """End every open window now; return their number."""
    now = datetime.now(UTC)
    ended = update(MaintenanceWindow).where(MaintenanceWindow.ends_at > now).values(ends_at=now)
    return changed_rows(session.execute(ended))
