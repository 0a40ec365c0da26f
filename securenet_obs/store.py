"""The store of tenants' data: SQLAlchemy tables, created when missing, engines and sessions."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    ForeignKey,
    MetaData,
    String,
    Text,
    TypeDecorator,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.schema import CreateIndex, CreateTable

from securenet_obs.errors import SettingsError, UnreachableError
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import get_settings

BUSY_TIMEOUT_S = 5.0
"""Seconds that a writer waits for another one on SQLite, by default."""

RETRY_PAUSE_S = 0.01


class UtcDateTime(TypeDecorator[datetime]):
    """Column type of datetimes in UTC; restores the zone, which SQLite does not store."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the datetime with its zone."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Table(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData()
    type_annotation_map = {  # noqa: RUF012
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
        datetime: UtcDateTime,
    }


class Tenant(Table):
    """A customer with a monitored network."""

    __tablename__ = "tenants"

    tenant_id: Mapped[str] = mapped_column(String(63), primary_key=True)


class InventoryItem(Table):
    """A package that a tenant runs."""

    __tablename__ = "inventory"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    package: Mapped[str] = mapped_column(String(200), primary_key=True)
    version: Mapped[str] = mapped_column(String(100), primary_key=True)


class Advisory(Table):
    """A known vulnerability, in OSV format."""

    __tablename__ = "advisories"

    advisory_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    content: Mapped[dict[str, Any]]


class Finding(Table):
    """A tenant's package that an advisory affects."""

    __tablename__ = "findings"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    advisory_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    package: Mapped[str] = mapped_column(String(200), primary_key=True)
    version: Mapped[str] = mapped_column(String(100), primary_key=True)


class NetworkMinute(Table):
    """Metrics of a tenant's network traffic in one minute."""

    __tablename__ = "network_minutes"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    records: Mapped[int] = mapped_column(BigInteger, default=0)
    octets: Mapped[int] = mapped_column(BigInteger, default=0)


class Submission(Table):
    """A batch that the API accepted; it is published until it is finished, and counted once.

    `due_at` is the time of its next publication, None once it is finished or is a dead letter.
    """

    __tablename__ = "submissions"

    task_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"))
    records: Mapped[list[Any] | None]
    ids: Mapped[dict[str, Any]]
    accepted_at: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    publications: Mapped[int]
    finished_at: Mapped[datetime | None] = mapped_column(index=True)
    result: Mapped[dict[str, Any] | None]


class TaskEffect(Table):
    """Result of a task for a tenant and a window, stored so that its effect happens once."""

    __tablename__ = "task_effects"

    tenant_id: Mapped[str] = mapped_column(String(63), primary_key=True)
    task: Mapped[str] = mapped_column(String(100), primary_key=True)
    window: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    result: Mapped[dict[str, Any]]


class DeadLetter(Table):
    """A task that failed permanently: its arguments, its error, and the times of its failures."""

    __tablename__ = "dead_letters"

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[str] = mapped_column(String(64), unique=True)
    task: Mapped[str] = mapped_column(String(200))
    tenant_id: Mapped[str | None] = mapped_column(String(63))
    request_id: Mapped[str | None] = mapped_column(String(64))
    window: Mapped[str | None] = mapped_column(String(64))
    arguments: Mapped[dict[str, Any]]
    redacted: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(20))
    error: Mapped[str] = mapped_column(String(200))
    message: Mapped[str] = mapped_column(Text)
    traceback: Mapped[str] = mapped_column(Text)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[int]
    requeued_at: Mapped[datetime | None]


class ProcessedBatch(Table):
    """A batch of records that was counted, so that a redelivered task does not count it again."""

    __tablename__ = "processed_batches"

    batch_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"))


class AnomalyModel(Table):
    """Parameters of a tenant's anomaly model."""

    __tablename__ = "anomaly_models"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    trained_at: Mapped[datetime]
    parameters: Mapped[dict[str, Any]]


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


def ensure_tenant(session: Session, tenant_id: str) -> Tenant:
    """Return the tenant, registered first if it is new; concurrent registrations are safe."""
    tenant = session.get(Tenant, tenant_id)
    if tenant is None:
        insert_once(session, Tenant, tenant_id=tenant_id)
        tenant = session.get_one(Tenant, tenant_id)
    return tenant


def insert_once(session: Session, table: type[Table], **values: Any) -> bool:
    """Insert a row immediately; return False, without a change, if its key exists.

    If an open transaction has inserted the key, wait until that transaction ends.
    """
    result = session.execute(dialect_insert(session, table).values(values).on_conflict_do_nothing())
    return changed_rows(result) == 1


def dialect_insert(session: Session, table: type[Table]) -> sqlite.Insert | postgresql.Insert:
    """Return the INSERT of the database's dialect, which supports ON CONFLICT."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(table)


def changed_rows(result: Any) -> int:
    """Return the number of rows that an INSERT, UPDATE or DELETE changed."""
    return result.rowcount if isinstance(result, CursorResult) else 0


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


def create_tables(engine: Engine) -> None:
    """Create missing tables and indexes; `create_all` fails if another process creates one too."""
    with engine.begin() as connection:
        for table in Table.metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))


def create_store_engine(url: str, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """Return an engine that hides the parameters of statements in errors and logs.

    Raises:
        SettingsError: the URL cannot be used.
    """
    try:
        parsed = make_url(url)
        parsed.get_dialect().import_dbapi()
    except NoSuchModuleError:
        raise SettingsError(
            "DATABASE_URL: its SQLAlchemy dialect is unknown; start it, for instance, with "
            "sqlite:/// or postgresql://."
        ) from None
    except ImportError as error:
        raise SettingsError(
            f"DATABASE_URL: its driver {error.name} is not installed; install that package."
        ) from None
    except ArgumentError:
        raise SettingsError("DATABASE_URL: it is not a valid SQLAlchemy URL.") from None
    is_sqlite = parsed.get_backend_name() == "sqlite"
    options = (
        {"connect_args": {"timeout": busy_timeout_s}} if is_sqlite else {"pool_pre_ping": True}
    )
    engine = create_engine(parsed, hide_parameters=True, **options)
    if is_sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """Enable WAL, for concurrent readers and one writer, durable commits and foreign keys.

    A commit survives a power loss, at a cost of 0.3 ms: an accepted batch must not be lost.
    """
    _use_wal(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, with retries for as long as the busy timeout.

    Several processes may open a new store at once. While one of them switches, SQLite answers
    "locked" to the others without waiting.
    """
    (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    deadline = Deadline.after(patience_ms / 1000)
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or deadline.has_passed:
                raise
            time.sleep(RETRY_PAUSE_S)
