"""Incident lock in the store, for runbooks that repair Redis: one row, which expires."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from securenet_obs.errors import StoreUnavailableError
from securenet_obs.oncall.locks.holder import EXPIRY_S, Holder
from securenet_obs.settings import Settings
from securenet_obs.store import IncidentLockRow, insert_once, session_at
from securenet_obs.store.tables import UtcDateTime
from securenet_obs.store.urls import parse_url

_NAME = "incident"


class StorePlace:
    """The lock in a target's store; see `Place`.

    Every method raises SettingsError, SchemaError or StoreUnavailableError.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database_url.get_secret_value()

    def read(self) -> Holder | None:
        """Return the holder; None if the lock is free."""
        self._check_file()
        with session_at(self._url) as session:
            row = session.get(IncidentLockRow, _NAME)
            is_held = row is not None and row.expires_at > _read_clock(session)
            return Holder.parse(row.holder) if row is not None and is_held else None

    def replace(self, expected: Holder | None, holder: Holder | None) -> bool:
        """Exchange the holder at once; return False if another holds the lock."""
        self._check_file()
        with session_at(self._url) as session:
            now = _read_clock(session)
            text = "" if expected is None else expected.to_text()
            old = IncidentLockRow.holder == text, IncidentLockRow.expires_at <= now
            removed = session.scalars(
                delete(IncidentLockRow).where(or_(*old)).returning(IncidentLockRow.holder)
            ).all()
            if holder is None:
                return text in removed
            return insert_once(
                session,
                IncidentLockRow,
                name=_NAME,
                holder=holder.to_text(),
                expires_at=now + timedelta(seconds=EXPIRY_S),
            )

    def _check_file(self) -> None:
        """Refuse a file of SQLite that does not exist: opening it would create it."""
        url = parse_url(self._url)
        if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
            raise StoreUnavailableError("DATABASE_URL: its file does not exist.")


def _read_clock(session: Session) -> datetime:
    """Return the database's time: those of several hosts differ."""
    return session.scalars(select(func.now(type_=UtcDateTime()))).one()
