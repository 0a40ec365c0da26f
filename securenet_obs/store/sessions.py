"""Sessions of a process's store or of one at a URL; caches each process's engines."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from securenet_obs.errors import UnreachableError
from securenet_obs.settings import get_settings
from securenet_obs.store.engine import BUSY_TIMEOUT_S, create_store_engine
from securenet_obs.store.tables import create_tables


@contextmanager
def session_scope(busy_timeout_s: float = BUSY_TIMEOUT_S) -> Iterator[Session]:
    """Yield a session of this process's store; commit it at the end, roll it back on an error."""
    engine = _engine(os.getpid(), busy_timeout_s)
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def session_at(url: str) -> Iterator[Session]:
    """Yield a session of the store at `url`, with its tables created; commit it at the end."""
    engine = create_store_engine(url)
    try:
        create_tables(engine)
        with Session(engine) as session, session.begin():
            yield session
    finally:
        engine.dispose()


def check_store() -> None:
    """Open this process's store, so that a command fails with one sentence and no traceback.

    Raises:
        SettingsError: the URL cannot be used.
        UnreachableError: the database refuses the connection, or its file cannot be opened.
    """
    try:
        with session_scope() as session:
            session.execute(text("SELECT 1"))
    except DBAPIError as error:
        raise UnreachableError(
            f"DATABASE_URL: the store cannot be opened: {str(error.orig).strip()}"
        ) from None


def discard_engines() -> None:
    """Discard the engines inherited by a fork: the child must open its own connections."""
    _engine.cache_clear()


@cache
def _engine(process: int, busy_timeout_s: float) -> Engine:
    """Return the engine of one process, with its tables created."""
    url = get_settings().database_url.get_secret_value()
    engine = create_store_engine(url, busy_timeout_s)
    create_tables(engine)
    return engine
