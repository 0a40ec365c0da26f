"""Empty stores for tests: files of SQLite, and databases of a real PostgreSQL."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import NoReturn

import psutil
import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session

from securenet_obs.errors import StackError
from securenet_obs.processes.guard import Guard
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.stack.parts.database import (
    PostgresAccess,
    create_postgresql_part,
    find_postgresql,
)
from securenet_obs.store.migration import migrate
from tests.waiting import eventually

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.stack)]
"""Databases of the store; tests of the store run on each."""

SERVICES_REQUIRED = "SECURENET_TESTS_REQUIRE_SERVICES"
"""The variable that makes a missing service a failure; the workers of the tests inherit it."""

OPTIONS = ("fsync=off", "full_page_writes=off", "max_connections=300", "shared_buffers=64MB")

_TEMPLATE = "empty_store"


def missing(error: StackError) -> NoReturn:
    """Skip the test if a service is missing; fail it in CI."""
    if os.environ.get(SERVICES_REQUIRED):
        pytest.fail(f"CI must have every service: {error}")
    pytest.skip(str(error))


def required_postgresql() -> Path:
    """Return the folder of PostgreSQL's programs; skip the test without one, fail it in CI."""
    try:
        return find_postgresql()
    except StackError as error:
        missing(error)


def libpq_url(url: str) -> str:
    """Return the URL of a store for psycopg alone."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def unavailable(url: str) -> str:
    """Return the URL of a store of the same kind that cannot be opened."""
    if url.startswith("sqlite"):
        return "sqlite:////nowhere/store.sqlite3"
    return make_url(url).set(port=1).render_as_string(hide_password=False)


def lock_submissions(session: Session) -> None:
    """Lock out other writers of the submissions, as a forgotten transaction does."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE submissions IN SHARE ROW EXCLUSIVE MODE"))
    else:
        session.execute(text("UPDATE submissions SET publications = publications"))


@cache
def _empty_sqlite() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        migrate(f"sqlite:///{folder}/store.sqlite3")
        return Path(folder, "store.sqlite3").read_bytes()


def create_sqlite(path: Path) -> str:
    """Create an empty store on SQLite unless the file exists, and return its URL."""
    if not path.exists():
        path.write_bytes(_empty_sqlite())
    return f"sqlite:///{path}"


class PostgresServer:
    """A PostgreSQL that makes empty stores from a template, with a cluster of its own.

    Raises:
        StackError: PostgreSQL is not installed.
    """

    def __init__(self, folder: Path, guard: Guard) -> None:
        self.access = PostgresAccess(find_free_ports(1)[0])
        self.part = create_postgresql_part(folder, self.access, guard, OPTIONS)
        self._numbers = count(1)

    def prepare(self) -> None:
        """Create the template."""
        self.execute(f"CREATE DATABASE {_TEMPLATE}")
        migrate(self.access.url(_TEMPLATE))

    def create_store(self, template: str = _TEMPLATE) -> str:
        """Create an empty store, or a database without tables from `template0`; return its URL."""
        name = f"store_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.access.url(name)

    def create_role(self, url: str, *, rights: str = "SELECT, INSERT, UPDATE, DELETE") -> str:
        """Create a role with these rights on a store's rows, and return the store's URL for it."""
        name = f"role_{next(self._numbers)}"
        with psycopg.connect(libpq_url(url), autocommit=True) as connection:
            for statement in (
                f"CREATE ROLE {name} LOGIN PASSWORD 'password'",
                f"GRANT {rights} ON ALL TABLES IN SCHEMA public TO {name}",
                f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}",
            ):
                connection.execute(statement.encode())
        return make_url(url).set(username=name, password="password").render_as_string(False)

    def end_connections(self, which: str) -> None:
        """End the connections for which a condition on pg_stat_activity holds."""
        self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {which}")

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop every process of the server, as a frozen machine does; they go on afterwards.

        The leader is stopped first: from then on it starts no process, and a backend that exits
        stays in the list of its children. However the block or the stopping ends, each process
        that was stopped is resumed.
        """
        leader = psutil.Process(self.part.pid)
        with ExitStack() as resumed:
            _suspend(leader, resumed)
            assert eventually(lambda: leader.status() == psutil.STATUS_STOPPED)
            for backend in leader.children():
                _suspend(backend, resumed)
            yield

    @contextmanager
    def read_only(self, url: str) -> Iterator[None]:
        """Make a store read-only, for new connections too, as a standby is; end it afterwards."""
        name = make_url(url).database
        try:
            self.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            self.end_connections(f"datname = '{name}'")
            yield
        finally:
            self.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
            self.end_connections(f"datname = '{name}'")

    def execute(self, statement: str) -> None:
        """Execute a statement as the cluster's owner, outside of a transaction."""
        engine = create_engine(self.access.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


def _suspend(process: psutil.Process, resumed: ExitStack) -> None:
    resumed.callback(_resume, process)
    with suppress(psutil.NoSuchProcess):
        process.suspend()


def _resume(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.resume()
