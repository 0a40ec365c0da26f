"""The write that proves that a store accepts writes."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from securenet_obs.errors import RefusedError, SchemaError, StoreUnavailableError
from securenet_obs.store import TaskEffect, check_writable, session_scope


def test_checks_leave_one_row(empty_store: str) -> None:
    """The row is replaced, on each database."""
    check_writable()
    check_writable()
    with session_scope() as session:
        assert session.scalar(select(func.count()).select_from(TaskEffect)) == 1


def test_a_locked_store_is_unavailable(sqlite_store: Path) -> None:
    """A store that can be read and not written to fails; the message has the driver's reason."""
    check_writable()
    with closing(sqlite3.connect(sqlite_store)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError, match="no write: database is locked") as e:
            check_writable()
    assert type(e.value.__cause__).__name__ == "OperationalError"


def test_a_refused_write_is_reported(sqlite_store: Path) -> None:
    """An error that does not pass, such as of a trigger or a missing right, is an answer."""
    with closing(sqlite3.connect(sqlite_store)) as other:
        other.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON task_effects "
            "BEGIN SELECT RAISE(ABORT, 'not permitted'); END"
        )
    with pytest.raises(RefusedError, match="not permitted"):
        check_writable()


def test_another_schema_is_named(sqlite_store: Path) -> None:
    """A store that must be migrated is not one that is away."""
    os.truncate(sqlite_store, 0)
    with pytest.raises(SchemaError):
        check_writable()
