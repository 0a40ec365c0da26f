"""Migrations: old stores keep their rows; several at once, other writers, roles."""

import gzip
import multiprocessing
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select, text

from securenet_obs.detection.network.batch import normalise_batch
from securenet_obs.detection.network.counting.minutes import COUNTS
from securenet_obs.errors import SchemaError, StoreUnavailableError
from securenet_obs.store import (
    NetworkMinute,
    ProcessedBatch,
    Submission,
    Table,
    create_store_engine,
    ensure_tenant,
    session_scope,
)
from securenet_obs.store.migration import migrate
from securenet_obs.store.schema import VERSION
from securenet_obs.workers import outbox
from tests.busy import room_for
from tests.stores import DATABASES, PostgresServer, libpq_url

HERE = Path(__file__).parent / "before_migrations"
"""Dumps of stores that commit 7c31884 made; README.md there explains how."""

LATER = {
    "advisory_entries",
    "advisory_syncs",
    "alerts",
    "anomaly_model_versions",
    "exploited_vulnerabilities",
    "findings",
    "idempotency_keys",
    "incident_locks",
    "inventories",
    "log_files",
    "log_ranges",
    "maintenance_windows",
    "quarantined_records",
    "vulnerability_scans",
    "waivers",
}
"""Tables that these stores do not have, or have with other columns."""

NEW_COLUMNS = {"processed_at", "peers", "peers_sketch", *COUNTS} - {"records", "octets"}
"""Columns that their tables do not have."""


@pytest.fixture(params=DATABASES)
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new.sqlite3"
    server: PostgresServer = request.getfixturevalue("postgresql")
    return server.create_store("template0")


@pytest.fixture
def old_url(new_url: str) -> str:
    """Return the URL of a store that a version without migrations made."""
    if new_url.startswith("sqlite"):
        dump = gzip.decompress((HERE / "sqlite.sql.gz").read_bytes()).decode()
        with closing(sqlite3.connect(new_url.removeprefix("sqlite:///"))) as connection:
            connection.executescript(dump)
    else:
        dump = gzip.decompress((HERE / "postgresql.sql.gz").read_bytes()).decode()
        with psycopg.connect(libpq_url(new_url)) as server:
            server.execute(dump.encode())
    return new_url


def contents(url: str) -> dict[str, list[Any]]:
    """Return all rows of the tables that a store of 7c31884 has, without new columns."""
    engine = create_store_engine(url)
    tables = [table for table in Table.metadata.sorted_tables if table.name not in LATER]
    with engine.connect() as connection:
        rows = {
            table.name: connection.execute(
                select(*(column for column in table.columns if column.name not in NEW_COLUMNS))
            ).all()
            for table in tables
        }
    engine.dispose()
    return {name: sorted(map(repr, found)) for name, found in rows.items()}


def test_an_old_store_keeps_every_row(old_url: str) -> None:
    """A thousand batches, finished or not, dead letters, keys, effects and minutes."""
    before = contents(old_url)
    assert len(before["submissions"]) == 1000
    assert all(before[name] for name in ("dead_letters", "api_keys", "processed_batches"))
    assert migrate(old_url) == (None, VERSION)
    assert contents(old_url) == before
    assert migrate(old_url) == (VERSION, VERSION)


@pytest.mark.slow
def test_every_batch_of_an_old_store_is_counted(old_url: str, use: Any) -> None:
    """The finished ones stay counted once, the others are processed: a thousand records."""
    migrate(old_url)
    use(old_url)
    with session_scope() as session:
        unfinished = select(Submission.task_id).where(Submission.finished_at.is_(None))
        waiting = session.scalars(unfinished).all()
        finished = session.scalars(
            select(Submission.task_id).where(Submission.finished_at.is_not(None))
        ).all()
    assert waiting
    assert finished
    for task_id in (*waiting, *finished[:20]):
        outbox.process(task_id, lambda _, records: (normalise_batch(records), {}))
    with session_scope() as session:
        counted = session.scalar(
            select(func.sum(NetworkMinute.records)).where(text("minute >= '2026-11-23'"))
        )
        assert counted == 1000
        aged = session.scalars(select(ProcessedBatch.processed_at)).all()
        assert aged
        assert all(moment is not None for moment in aged)


def test_the_quarantine_of_files_is_counted_anew(new_url: str) -> None:
    """Files that version 0007 has counted are listed with their number of items."""
    migrate(new_url)
    engine = create_store_engine(new_url)
    with engine.begin() as connection:
        for name in ("path", "quarantined", "replays", "content"):
            connection.execute(text(f"ALTER TABLE log_files DROP COLUMN {name}"))
        for name in ("incident_locks", "alerts", "maintenance_windows"):
            connection.execute(text(f"DROP TABLE {name}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0007'"))
        connection.execute(text("INSERT INTO tenants VALUES ('acme')"))
        columns = "tenant_id, digest, ranges, started_at, result"
        for name, result in (("a", "'{\"quarantined\"\\: 3}'"), ("b", "NULL")):
            values = f"('acme', '{name}', 1, '2026-11-26', {result})"
            connection.execute(text(f"INSERT INTO log_files ({columns}) VALUES {values}"))
    migrate(new_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT digest, path, quarantined FROM log_files")).all()
    engine.dispose()
    assert sorted(map(tuple, rows)) == [("a", "", 3), ("b", "", 0)]


def test_the_migrated_schema_is_that_of_the_tables(new_url: str) -> None:
    """A new store has exactly the tables of the code: names, types, indexes, keys."""
    migrate(new_url)
    assert differences(new_url) == []


def test_an_old_store_becomes_the_same_as_a_new_one(old_url: str) -> None:
    """No difference remains that only a later statement would meet."""
    migrate(old_url)
    assert differences(old_url) == []


def differences(url: str) -> list[Any]:
    """Return the differences between a database and the tables of the code."""
    engine = create_store_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[Any] = compare_metadata(context, Table.metadata)
    engine.dispose()
    return found


def test_several_migrations_at_once(new_url: str) -> None:
    """Eight processes start on an empty database: one migrates, the others wait."""
    spawning = multiprocessing.get_context("spawn")
    with spawning.Pool(4) as pool:
        results = pool.map(migrate, [new_url] * 8)
    assert sorted(map(str, results)) == sorted(
        [str((None, VERSION)), *[str((VERSION, VERSION))] * 7]
    )


def test_a_newer_schema_is_refused(new_url: str) -> None:
    """An older version of securenet-obs does not touch a store that a newer one migrated."""
    migrate(new_url)
    engine = create_store_engine(new_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(SchemaError, match="The store's schema is 0999, newer than"):
        migrate(new_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0999"
    engine.dispose()


@pytest.mark.stack
def test_another_encoding_is_refused(postgresql: PostgresServer) -> None:
    """Some texts of tenants could not be stored; the error names the remedy."""
    url = postgresql.create_store("template0 ENCODING 'LATIN1'")
    with pytest.raises(SchemaError, match="Create it with ENCODING 'UTF8'"):
        migrate(url)
    with psycopg.connect(libpq_url(url)) as connection:
        tables = connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchall() == []


def test_a_failed_migration_changes_nothing(old_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All revisions are one transaction, on SQLite too."""
    from alembic import op

    def fail(*_: object, **__: object) -> None:
        raise ValueError("broken")

    before = contents(old_url)
    with monkeypatch.context() as broken:
        broken.setattr(op, "batch_alter_table", fail)
        with pytest.raises(ValueError, match="broken"):
            migrate(old_url)
    assert contents(old_url) == before
    assert migrate(old_url) == (None, VERSION)


def test_a_forgotten_transaction_is_waited_for(old_url: str) -> None:
    """The migration queues for a lock in short attempts, so that no other writer waits behind it.

    Nothing is changed when its patience ends.
    """
    engine = create_store_engine(old_url)
    with engine.connect() as holder:
        holder.execute(text("UPDATE processed_batches SET tenant_id = tenant_id"))
        began = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            migrate(old_url, patience_s=0.5)
        assert time.monotonic() - began < room_for(4)
        thread = threading.Timer(1.0, holder.rollback)
        thread.start()
        assert migrate(old_url) == (None, VERSION)
        thread.join()
    engine.dispose()


@pytest.mark.stack
def test_a_role_that_reads_and_writes_rows_is_enough(postgresql: PostgresServer, use: Any) -> None:
    """Services create nothing; their role may not either, and a migration says so."""
    url = postgresql.create_store()
    limited = postgresql.create_role(url)
    use(limited)
    with session_scope() as session:
        ensure_tenant(session, "acme")
    empty = postgresql.create_store("template0")
    other = postgresql.create_role(empty)
    with pytest.raises(Exception, match="42501"):
        migrate(other)
