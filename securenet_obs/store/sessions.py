"""Sessions of a process's store or of one at a URL; caches each process's engines."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from securenet_obs.errors import StoreUnavailableError
from securenet_obs.settings import get_settings
from securenet_obs.store.engine import create_store_engine
from securenet_obs.store.failures import describe, is_passing
from securenet_obs.store.tables import create_tables
from securenet_obs.store.waits import TASK, Waits

_engines: dict[tuple[int, Waits], Engine] = {}


@contextmanager
def session_scope(waits: Waits = TASK) -> Iterator[Session]:
    """Yield a session of this process's store; commit it at the end, roll it back on an error.

    Raises:
        StoreUnavailableError: the store cannot do it now; a later attempt may succeed.
    """
    with passing_errors():
        engine = _engine(waits)
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session


@contextmanager
def session_at(url: str) -> Iterator[Session]:
    """Yield a session of the store at `url`, with its tables created; commit it at the end."""
    engine = create_store_engine(url)
    try:
        with passing_errors():
            create_tables(engine)
            with Session(engine) as session, session.begin():
                yield session
    finally:
        engine.dispose()


@contextmanager
def passing_errors() -> Iterator[None]:
    """Raise the errors of states that pass as `StoreUnavailableError`."""
    try:
        yield
    except SQLAlchemyError as error:
        if not is_passing(error):
            raise
        raise StoreUnavailableError("the store did not answer") from error


def check_store() -> None:
    """Open this process's store, so that a command fails with one sentence and no traceback.

    Raises:
        SettingsError: the URL cannot be used.
        StoreUnavailableError: the database refuses the connection, or its file cannot be opened.
    """
    try:
        with session_scope() as session:
            session.execute(text("SELECT 1"))
    except StoreUnavailableError as error:
        reason = describe(error.__cause__)
        raise StoreUnavailableError(f"DATABASE_URL: the store cannot be opened: {reason}") from None


def discard_engines() -> None:
    """Discard the engines inherited by a fork: the child must open its own connections."""
    for engine in _engines.values():
        engine.dispose(close=False)
    _engines.clear()


def close_engines() -> None:
    """Close this process's connections; later sessions open new ones."""
    while _engines:
        _engines.popitem()[1].dispose()


def _engine(waits: Waits) -> Engine:
    """Return this process's engine with these waits, with its tables created."""
    key = os.getpid(), waits
    if key not in _engines:
        engine = create_store_engine(get_settings().database_url.get_secret_value(), waits)
        create_tables(engine)
        _engines.setdefault(key, engine)
    return _engines[key]
