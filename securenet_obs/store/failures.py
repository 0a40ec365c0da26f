"""Describes a store's errors in one line; recognises those that pass by themselves (retries)."""

import sqlite3

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

PASSING_STATES = (
    "08",  # the connection: lost, refused, or PgBouncer's own errors
    "25006",  # a standby, or a server that is read-only for now
    "25P03",  # the transaction was idle for too long
    "25P04",  # the transaction took too long
    "28",  # the role or its password: changed while it is rotated
    "3D000",  # the database: missing while it is restored
    "40",  # serialisation, deadlock
    "53",  # too many connections, disk or memory full
    "55006",  # the object is in use
    "55P03",  # a lock was not available in time
    "57",  # cancelled, shutdown, start-up, recovery
    "58",  # the system of the server: I/O
)
"""Beginnings of SQLSTATE codes of states that pass."""

PASSING_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
"""Primary result codes of SQLite for states that pass."""


def is_passing(error: BaseException) -> bool:
    """Return whether an error is due to a state of the store that passes by itself.

    PostgreSQL's errors are judged by SQLSTATE: a read-only standby raises InternalError, PgBouncer
    ProgrammingError. An error without a state comes from the client: the server was not reached.
    """
    if isinstance(error, PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in PASSING_CODES
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return error.connection_invalidated or _is_operational(error)
    return str(state).startswith(PASSING_STATES)


def _is_operational(error: DBAPIError) -> bool:
    return any(kind.__name__ == "OperationalError" for kind in type(error.orig).__mro__)


def describe(error: BaseException | None) -> str:
    """Return one line about an error: the driver's message, without its statement."""
    message = str(getattr(error, "orig", None) or error)
    return " ".join(message.split("(Background on this error", 1)[0].split())
