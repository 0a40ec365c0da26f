"""Errors of the store: those of a state that passes, and all others."""

import sqlite3
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InternalError, NoResultFound, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from securenet_obs.errors import StoreUnavailableError
from securenet_obs.store import session_scope
from securenet_obs.store.failures import describe, is_passing


def postgres_error(state: str) -> DBAPIError:
    """Return SQLAlchemy's error for an SQLSTATE."""
    orig = psycopg.errors.get_base_exception(state)("the message")
    orig.sqlstate = state
    return DBAPIError.instance("SELECT 1", {}, orig, psycopg.Error)  # type: ignore[arg-type, return-value]


def sqlite_error(code: int) -> DBAPIError:
    """Return SQLAlchemy's error for a result code of SQLite."""
    orig = sqlite3.OperationalError("the message")
    orig.sqlite_errorcode = code
    return DBAPIError("SELECT 1", {}, orig)


@pytest.mark.parametrize(
    "state",
    [
        *("08000", "08003", "08006", "08001", "08004", "08P01"),
        *("25006", "25P03", "25P04", "28P01", "28000", "3D000"),
        *("40001", "40P01", "40002", "53000", "53100", "53200", "53300", "55006", "55P03"),
        *("57014", "57P01", "57P02", "57P03", "57P05", "58000", "58030"),
    ],
)
def test_a_state_of_postgresql_passes(state: str) -> None:
    """A lost connection, a failover, a conflict, a full disk: a later attempt may succeed."""
    assert is_passing(postgres_error(state))


@pytest.mark.parametrize(
    "state",
    [
        *("22003", "22P02", "22021", "22P05", "23502", "23503", "23505", "25001", "25P02"),
        *("42501", "42601", "42703", "42P01", "55000", "0A000", "P0001", "XX000", "XX001"),
    ],
)
def test_an_error_of_the_statement_does_not_pass(state: str) -> None:
    """The same statement fails again."""
    assert not is_passing(postgres_error(state))


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        (sqlite3.SQLITE_BUSY, True),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, True),
        (sqlite3.SQLITE_LOCKED, True),
        (sqlite3.SQLITE_IOERR_FSYNC, True),
        (sqlite3.SQLITE_READONLY_DBMOVED, True),
        (sqlite3.SQLITE_FULL, True),
        (sqlite3.SQLITE_CANTOPEN, True),
        (sqlite3.SQLITE_ERROR, False),
        (sqlite3.SQLITE_CORRUPT, False),
        (sqlite3.SQLITE_NOTADB, False),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, False),
        (sqlite3.SQLITE_TOOBIG, False),
    ],
)
def test_the_result_code_of_sqlite_decides(code: int, passes: bool) -> None:
    """Extended codes count as their primary code."""
    assert is_passing(sqlite_error(code)) is passes


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (PoolTimeoutError("QueuePool limit"), True),
        (DBAPIError("SELECT 1", {}, psycopg.OperationalError("no answer")), True),
        (DBAPIError("SELECT 1", {}, psycopg.InterfaceError("closed")), False),
        (DBAPIError("SELECT 1", {}, psycopg.InterfaceError("closed"), True, True), True),
        (DBAPIError("SELECT 1", {}, psycopg.DataError("NUL")), False),
        (NoResultFound(), False),
        (ValueError(), False),
    ],
)
def test_an_error_of_the_client(error: Any, passes: bool) -> None:
    """A connection that was not obtained or was lost passes; an unusable value does not."""
    if error.__class__ is DBAPIError and len(error.args) == 1 and passes:
        error.connection_invalidated = True
    assert is_passing(error) is passes


def test_a_description_is_one_line_without_the_statement() -> None:
    """The driver's message alone."""
    orig = psycopg.OperationalError("connection failed:\n\tno route")
    assert describe(DBAPIError("SELECT secret", {}, orig)) == "connection failed: no route"


@pytest.mark.usefixtures("empty_store")
def test_only_errors_that_pass_are_translated() -> None:
    """A statement with an error stays what it is: a retry would not help."""
    with pytest.raises(DBAPIError) as raised, session_scope() as session:
        session.execute(text("SELECT nothing FROM nowhere"))
    assert not isinstance(raised.value, InternalError)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
@pytest.mark.stack
def test_a_read_only_server_passes(empty_store: str) -> None:
    """A standby raises InternalError or ProgrammingError by class, and 25006 by state."""
    read_only = "SELECT set_config('transaction_read_only', 'on', true)"
    insert = "INSERT INTO tenants VALUES ('acme')"
    with pytest.raises(StoreUnavailableError) as raised, session_scope() as session:
        [session.execute(text(statement)) for statement in (read_only, insert)]
    assert isinstance(raised.value.__cause__, InternalError | ProgrammingError)
