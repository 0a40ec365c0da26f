"""Sessions of a store on cached engines; converts passing errors, repeats unconfirmed commits."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import URL, Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from securenet_obs.errors import StoreUnavailableError, UnconfirmedCommitError
from securenet_obs.settings import get_settings
from securenet_obs.store.engine import create_store_engine
from securenet_obs.store.failures import describe, is_passing
from securenet_obs.store.schema import check_version
from securenet_obs.store.waits import TASK, Waits

Result = TypeVar("Result")

_engines: dict[tuple[int, str, Waits], Engine] = {}
_checked: set[URL] = set()


@contextmanager
def session_scope(waits: Waits = TASK) -> Iterator[Session]:
    """Yield a session of this process's store; commit it at the end, roll it back on an error.

    Raises:
        SchemaError: the store's schema is not the one that this code uses.
        StoreUnavailableError: the store cannot do it now; a later attempt may succeed.
        UnconfirmedCommitError: it did not confirm the commit, which may be in effect.
    """
    with passing_errors():
        engine = _engine(waits)
        _check_once(engine)
        with Session(engine, expire_on_commit=False) as session:
            yield session
            session.flush()
            _commit(session)


def _commit(session: Session) -> None:
    try:
        session.commit()
    except SQLAlchemyError as error:
        if not is_passing(error):
            raise
        raise UnconfirmedCommitError("the store did not confirm the commit") from error


def repeat_unconfirmed(work: Callable[[], Result]) -> Result:
    """Do idempotent work, and again if the store did not confirm its commit; return its result.

    PostgreSQL may still execute a commit whose client has lost its connection. The work must
    insert its row with the same key again, which waits until that commit has ended.

    Raises:
        UnconfirmedCommitError: the store confirmed neither commit.
        StoreUnavailableError: the store cannot do it now, and has not done it.
    """
    try:
        return work()
    except UnconfirmedCommitError as error:
        unconfirmed = error
    try:
        return work()
    except StoreUnavailableError:
        raise unconfirmed from None


@contextmanager
def session_at(url: str) -> Iterator[Session]:
    """Yield a session of the store at `url`; commit it at the end.

    Raises:
        SchemaError: the store's schema is not the one that this code uses.
        StoreUnavailableError: the store cannot do it now; a later attempt may succeed.
    """
    engine = create_store_engine(url)
    try:
        with passing_errors(), Session(engine) as session, session.begin():
            check_version(session.connection())
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


@contextmanager
def opened() -> Iterator[None]:
    """Raise the errors of states that pass as one sentence that names the setting."""
    try:
        with passing_errors():
            yield
    except StoreUnavailableError as error:
        reason = describe(error.__cause__)
        raise StoreUnavailableError(f"DATABASE_URL: the store cannot be opened: {reason}") from None


def check_store(waits: Waits = TASK) -> None:
    """Open this process's store, so that a command fails with one sentence and no traceback.

    Raises:
        SettingsError: the URL cannot be used.
        SchemaError: the store's schema is not the one that this code uses.
        StoreUnavailableError: the database refuses the connection, or its file cannot be opened.
    """
    with opened(), session_scope(waits) as session:
        session.execute(text("SELECT 1"))


def _check_once(engine: Engine) -> None:
    """Check the schema of a store when this process, or its parent, first uses it.

    A worker's new child does not check it again: during a deployment the schema is migrated first,
    and the processes of the version before work on it until they are replaced.
    """
    if engine.url not in _checked:
        with engine.connect() as connection:
            check_version(connection)
        _checked.add(engine.url)


def discard_engines() -> None:
    """Discard the engines inherited by a fork: the child must open its own connections."""
    for engine in _engines.values():
        engine.dispose(close=False)
    _engines.clear()


def close_engines() -> None:
    """Close this process's connections; later sessions open new ones."""
    _checked.clear()
    while _engines:
        _engines.popitem()[1].dispose()


def _engine(waits: Waits) -> Engine:
    """Return this process's engine with these waits."""
    url = get_settings().database_url.get_secret_value()
    key = os.getpid(), url, waits
    if key not in _engines:
        _engines.setdefault(key, create_store_engine(url, waits))
    return _engines[key]
