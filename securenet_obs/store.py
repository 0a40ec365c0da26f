"""What SecureNet remembers of its tenants: SQLAlchemy tables and sessions."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Engine,
    ForeignKey,
    MetaData,
    String,
    TypeDecorator,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from securenet_obs.errors import SettingsError
from securenet_obs.settings import get_settings

BUSY_TIMEOUT_S = 5.0
"""Seconds that a writer waits for another one on SQLite."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment with its zone."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Table(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData()
    type_annotation_map = {dict[str, Any]: JSON, datetime: UtcDateTime}  # noqa: RUF012


class Tenant(Table):
    """Somebody whose network is watched."""

    __tablename__ = "tenants"

    tenant_id: Mapped[str] = mapped_column(String(63), primary_key=True)


class InventoryItem(Table):
    """A package that a tenant runs."""

    __tablename__ = "inventory"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    package: Mapped[str] = mapped_column(String(200), primary_key=True)
    version: Mapped[str] = mapped_column(String(100), primary_key=True)


class Advisory(Table):
    """A known vulnerability, in the shape of OSV."""

    __tablename__ = "advisories"

    advisory_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    content: Mapped[dict[str, Any]]


class Finding(Table):
    """A tenant's package that an advisory names."""

    __tablename__ = "findings"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    advisory_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    package: Mapped[str] = mapped_column(String(200), primary_key=True)
    version: Mapped[str] = mapped_column(String(100), primary_key=True)


class NetworkMinute(Table):
    """What a tenant's network did in one minute."""

    __tablename__ = "network_minutes"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    records: Mapped[int] = mapped_column(default=0)
    octets: Mapped[int] = mapped_column(default=0)


class ProcessedBatch(Table):
    """A batch of records that was counted, so that a redelivered task counts nothing twice."""

    __tablename__ = "processed_batches"

    batch_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"))


class AnomalyModel(Table):
    """What is normal for a tenant."""

    __tablename__ = "anomaly_models"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.tenant_id"), primary_key=True)
    trained_at: Mapped[datetime]
    parameters: Mapped[dict[str, Any]]


@contextmanager
def session_scope() -> Iterator[Session]:
    """Yield a session of this process's store: committed at the end, rolled back on an error."""
    with Session(_engine(os.getpid()), expire_on_commit=False) as session, session.begin():
        yield session


def tenant_of(session: Session, tenant_id: str) -> Tenant:
    """Return the tenant, registered now if it was not."""
    tenant = session.get(Tenant, tenant_id)
    if tenant is None:
        tenant = Tenant(tenant_id=tenant_id)
        session.add(tenant)
        session.flush()
    return tenant


def forget_connections() -> None:
    """Leave the parent's connections alone: a forked child must open its own."""
    _engine.cache_clear()


@cache
def _engine(process: int) -> Engine:
    """Return the engine of one process, its tables made."""
    engine = create_store_engine(get_settings().database_url.get_secret_value())
    Table.metadata.create_all(engine)
    return engine


def create_store_engine(url: str) -> Engine:
    """Return an engine that tells no parameter of a statement in errors and logs.

    Raises:
        SettingsError: the URL cannot be used.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsError("DATABASE_URL: it is no URL that SQLAlchemy understands.") from None
    sqlite = parsed.get_backend_name() == "sqlite"
    options = {"connect_args": {"timeout": BUSY_TIMEOUT_S}} if sqlite else {"pool_pre_ping": True}
    engine = create_engine(parsed, hide_parameters=True, **options)
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    """Let readers and one writer work at once, and hold references to what exists."""
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
