"""Connections to PostgreSQL: every wait is bounded, roles and PgBouncer are supported."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from securenet_obs.errors import StackError, StoreUnavailableError
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.store import (
    REQUEST,
    TASK,
    NetworkMinute,
    Submission,
    create_store_engine,
    ensure_tenant,
    session_scope,
)
from securenet_obs.store.failures import is_passing
from tests.busy import room_for
from tests.stores import PostgresServer, libpq_url, missing
from tests.waiting import eventually

pytestmark = [
    pytest.mark.stack,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SHORT = replace(REQUEST, statement_s=20, lock_s=0.2, idle_s=20, connect_s=20, pool_s=0.2)
"""Short waits of a kind that ends in every test; a test shortens another one for itself."""


@pytest.mark.parametrize("waits", [SHORT, TASK])
def test_a_transaction_has_the_limits_of_its_waits(empty_store: str, waits: Any) -> None:
    """The server itself cancels a statement, a wait for a lock, and an idle transaction."""
    with session_scope(waits) as session:
        settings = "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"
        shown = [
            session.scalar(text("SELECT setting FROM pg_settings WHERE name = :name"), {"name": n})
            for n in settings
        ]
    bounds_s = (waits.statement_s, waits.lock_s, waits.idle_s)
    assert [int(str(value)) for value in shown] == [bound_s * 1000 for bound_s in bounds_s]


def test_a_slow_statement_is_cancelled(empty_store: str) -> None:
    """The connection stays usable."""
    with (
        pytest.raises(StoreUnavailableError) as raised,
        session_scope(replace(SHORT, statement_s=0.3)) as session,
    ):
        session.execute(text("SELECT pg_sleep(30)"))
    assert "57014" in str(raised.value.__cause__)


def test_the_wait_for_a_lock_is_bounded(empty_store: str) -> None:
    """A forgotten transaction holds up the rows that it locked, each writer for a moment only."""
    with session_scope() as holder:
        ensure_tenant(holder, "acme")
        began = time.monotonic()
        with pytest.raises(StoreUnavailableError) as raised, session_scope(SHORT) as session:
            ensure_tenant(session, "acme")
        assert time.monotonic() - began < room_for(0.8)
    assert "55P03" in str(raised.value.__cause__)
    with session_scope(SHORT) as session:
        ensure_tenant(session, "acme")


def test_a_forgotten_transaction_is_ended(empty_store: str) -> None:
    """The server frees its locks; the next statement of that session fails, and can be retried."""
    with pytest.raises(StoreUnavailableError), session_scope(replace(SHORT, idle_s=0.3)) as session:
        _idle(session)
    with session_scope(SHORT) as session:
        ensure_tenant(session, "acme")


def _idle(session: Any) -> None:
    ensure_tenant(session, "acme")
    time.sleep(0.8)
    session.execute(text("SELECT 1"))


def test_the_wait_for_a_connection_of_the_pool_is_bounded(empty_store: str) -> None:
    """More sessions than the pool has connections: the next one fails in time."""
    engine = create_store_engine(empty_store, SHORT)
    held = [engine.connect() for _ in range(20)]
    began = time.monotonic()
    with pytest.raises(Exception, match="QueuePool limit"):
        engine.connect()
    assert time.monotonic() - began < room_for(0.8)
    for connection in held:
        connection.close()
    engine.dispose()


@pytest.mark.parametrize("accepts", [True, False], ids=["accepts only", "drops packets"])
def test_the_wait_for_a_new_connection_is_bounded(use: Any, store_url: str, accepts: bool) -> None:
    """A server that accepts and does not answer, and one behind a firewall that drops packets."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        fillers = [] if accepts else _fill_backlog(silent)
        use(make_url(store_url).set(port=silent.getsockname()[1]).render_as_string(False))
        began = time.monotonic()
        with (
            pytest.raises(StoreUnavailableError),
            session_scope(replace(SHORT, connect_s=0.3)) as session,
        ):
            session.execute(text("SELECT 1"))
        assert time.monotonic() - began < room_for(0.8)
        for filler in fillers:
            filler.close()


def _fill_backlog(silent: socket.socket) -> list[socket.socket]:
    """Fill a socket's backlog, so that the kernel drops further attempts."""
    fillers = []
    for _ in range(8):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(silent.getsockname())
        fillers.append(filler)
    time.sleep(0.1)
    return fillers


def test_keepalives_are_on(empty_store: str) -> None:
    """A peer that vanished is noticed on a connection that is not used."""
    engine = create_store_engine(empty_store)
    with engine.connect() as connection:
        number = connection.connection.driver_connection.fileno()  # type: ignore[union-attr]
        with socket.socket(fileno=os.dup(number)) as opened:
            assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            if hasattr(socket, "TCP_KEEPIDLE"):
                assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
                assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000
    engine.dispose()


def test_a_restart_of_the_server_is_survived(empty_store: str, postgresql: PostgresServer) -> None:
    """The pool replaces the connections that the server closed."""
    with session_scope() as session:
        ensure_tenant(session, "acme")
    postgresql.end_connections(f"datname = '{make_url(empty_store).database}'")
    with session_scope() as session:
        ensure_tenant(session, "other")


def test_a_connection_that_is_lost_during_use_passes(
    empty_store: str, postgresql: PostgresServer
) -> None:
    """An administrator ends it, or the server crashes."""
    with pytest.raises(StoreUnavailableError), session_scope() as session:
        _end_own_connection(session, postgresql)


def _end_own_connection(session: Any, postgresql: PostgresServer) -> None:
    pid = session.scalar(text("SELECT pg_backend_pid()"))
    postgresql.end_connections(f"pid = {pid}")
    session.execute(text("SELECT 1"))


@pytest.mark.parametrize("state", ["serialisation", "deadlock"])
def test_a_conflict_passes(empty_store: str, postgresql: PostgresServer, state: str) -> None:
    """One of two transactions in conflict fails with a state that is retried."""
    if state == "serialisation":
        level = "SET default_transaction_isolation = 'repeatable read'"
        postgresql.execute(f"ALTER DATABASE {make_url(empty_store).database} {level}")
    with session_scope() as session:
        for name in ("a", "b"):
            ensure_tenant(session, name)
            session.add(
                Submission(task_id=name, tenant_id=name, ids={}, accepted_at=NOON, publications=0)
            )
    failures: list[BaseException] = []
    both = threading.Barrier(2)
    update = text("UPDATE submissions SET publications = publications + 1 WHERE task_id = :id")

    def conflict(first: str, second: str) -> None:
        try:
            with session_scope() as session:
                if state == "serialisation":
                    session.execute(text("SELECT count(*) FROM submissions"))
                    both.wait(60)
                    first = second = "a"
                session.execute(update, {"id": first})
                if state == "deadlock":
                    both.wait(60)
                session.execute(update, {"id": second})
        except StoreUnavailableError as error:
            failures.append(error)

    threads = [threading.Thread(target=conflict, args=names) for names in (("a", "b"), ("b", "a"))]
    [thread.start() for thread in threads]
    [thread.join(30) for thread in threads]
    assert len(failures) == 1
    assert getattr(failures[0].__cause__, "orig", None).sqlstate in ("40001", "40P01")


def test_too_many_connections_pass(use: Any, store_url: str, postgresql: PostgresServer) -> None:
    """A role at its limit is served again when others have left."""
    url = postgresql.create_role(store_url)
    name = make_url(url).username
    postgresql.execute(f"ALTER ROLE {name} CONNECTION LIMIT 0")
    use(url)
    with pytest.raises(StoreUnavailableError) as raised, session_scope() as session:
        session.execute(text("SELECT 1"))
    assert "too many connections" in str(raised.value.__cause__)
    postgresql.execute(f"ALTER ROLE {name} CONNECTION LIMIT -1")
    with session_scope() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_a_datetime_is_in_utc_whatever_the_server_s_zone_is(
    use: Any, store_url: str, postgresql: PostgresServer
) -> None:
    """The server answers in the zone of its settings."""
    postgresql.execute(f"ALTER DATABASE {make_url(store_url).database} SET timezone = 'Asia/Tokyo'")
    use(store_url)
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.add(NetworkMinute(tenant_id="acme", minute=NOON))
    with session_scope() as session:
        (row,) = session.query(NetworkMinute)
        assert (row.minute, row.minute.utcoffset()) == (NOON, timedelta(0))


@pytest.fixture
def pooled(postgresql: PostgresServer, store_url: str) -> Iterator[str]:
    """Yield a store's URL through a PgBouncer in transaction mode with a single server."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        missing(StackError("PgBouncer is not installed"))
    (port,) = find_free_ports(1)
    target = make_url(store_url)
    folder = Path(tempfile.mkdtemp(prefix="securenet-pgbouncer-"))
    folder.chmod(0o755)
    (folder / "users.txt").write_text(f'"{target.username}" "{target.password}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={target.port}\n"
        f"[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\nauth_type=scram-sha-256\n"
        f"auth_file={folder}/users.txt\npool_mode=transaction\ndefault_pool_size=1\n"
        "unix_socket_dir=\nmax_client_conn=50\nquery_wait_timeout=1\n"
    )
    user = {"user": "nobody"} if os.geteuid() == 0 else {}
    process = subprocess.Popen(
        [program, str(folder / "pgbouncer.ini")], stderr=subprocess.DEVNULL, **user
    )
    through = target.set(port=port).render_as_string(hide_password=False)

    def is_ready() -> bool:
        try:
            psycopg.connect(libpq_url(through), prepare_threshold=None).close()
        except psycopg.OperationalError:
            return False
        return True

    assert eventually(is_ready)
    yield through
    process.terminate()
    process.wait(60)
    shutil.rmtree(folder)


def test_pgbouncer_in_transaction_mode(use: Any, pooled: str) -> None:
    """Many sessions share one server: no prepared statement, no setting of a session is left."""
    use(pooled)
    for number in range(12):
        with session_scope() as session:
            ensure_tenant(session, f"tenant-{number}")
            assert session.scalar(text("SHOW lock_timeout")) == "5s"
    with psycopg.connect(libpq_url(pooled), prepare_threshold=None) as other:
        assert other.execute("SHOW statement_timeout").fetchone() == ("0",)
        assert other.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
        assert other.execute("SELECT count(*) FROM tenants").fetchone() == (12,)


def test_pgbouncer_without_a_free_server_passes(use: Any, pooled: str) -> None:
    """Its own errors are those of a connection: the sessions of others will end."""
    use(pooled)
    with session_scope() as holder:
        ensure_tenant(holder, "acme")
        engine = create_store_engine(pooled, replace(TASK, statement_s=10))
        failure = _failure(engine)
        engine.dispose()
    assert is_passing(failure)


def _failure(engine: Any) -> BaseException:
    with pytest.raises(DBAPIError) as raised, engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return raised.value
