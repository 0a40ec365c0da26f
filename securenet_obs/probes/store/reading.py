"""Store probe: reads a tenant's minutes, quarantine, findings and tasks, and writes nothing."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import (
    JSON,
    URL,
    BigInteger,
    Column,
    DateTime,
    MetaData,
    String,
    Table,
    create_engine,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from securenet_obs.errors import ForbiddenError, NotFoundError, SettingsError, UnreachableError
from securenet_obs.settings import Settings

TIMEOUT_S = 5
"""Seconds to wait for a connection, a lock, or the answer to a statement."""

COUNTS = (
    "records", "octets", "octets_out", "octets_in", "alerts_high", "alerts_medium", "alerts_low",
    "alerts_other", "dns_failures", "denied", "peers",
)  # fmt: skip
"""Metrics of a minute."""

_FORBIDDEN = {"42501", "28000", "28P01"}
_UNDEFINED_TABLE = "42P01"

_tables = MetaData()
_MOMENT = DateTime(timezone=True)
_MINUTES = Table(
    "network_minutes",
    _tables,
    Column("tenant_id", String),
    Column("minute", _MOMENT),
    *(Column(name, BigInteger) for name in COUNTS),
)
_QUARANTINED = Table(
    "quarantined_records",
    _tables,
    Column("tenant_id", String),
    Column("id", BigInteger),
    Column("item", BigInteger),
    Column("reason", String),
    Column("sample", String),
)
_FINDINGS = Table(
    "findings",
    _tables,
    *(Column(name, String) for name in ("tenant_id", "package", "version", "advisory_id", "cause")),
    Column("details", JSON),
    Column("resolved_at", _MOMENT),
)
_SUBMISSIONS = Table(
    "submissions",
    _tables,
    *(Column(name, String) for name in ("task_id", "tenant_id")),
    *(Column(name, _MOMENT) for name in ("accepted_at", "due_at", "finished_at")),
    Column("publications", BigInteger),
)
_LETTERS = Table(
    "dead_letters",
    _tables,
    *(Column(name, String) for name in ("task_id", "tenant_id", "request_id", "task")),
    *(Column(name, String) for name in ("reason", "error")),
    *(Column(name, _MOMENT) for name in ("first_at", "last_at", "requeued_at")),
    Column("times", BigInteger),
)


class StoreProbe:
    """Read-only probe of the store.

    Every method raises UnreachableError when the database does not answer within seconds,
    ForbiddenError when it denies access, and NotFoundError when it has no such table.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare, without connecting.

        Raises:
            SettingsError: DATABASE_URL is neither one of SQLite nor of PostgreSQL.
        """
        try:
            url = make_url(settings.database_url.get_secret_value())
        except ArgumentError:
            raise SettingsError("DATABASE_URL: it is not a valid SQLAlchemy URL.") from None
        self._url = url
        self._engine = create_engine(
            url, hide_parameters=True, poolclass=NullPool, connect_args=_bounds(url)
        )

    def minutes(self, tenant_id: str) -> pd.DataFrame:
        """Return the metrics of a tenant's minutes.

        Returns:
            A row for each minute (UTC, in the index), with the columns of `COUNTS`.
        """
        of_tenant = _MINUTES.c.tenant_id == tenant_id
        frame = self._read(select(_MINUTES).where(of_tenant).order_by(_MINUTES.c.minute))
        frame["minute"] = pd.to_datetime(frame["minute"], utc=True)
        return frame.set_index("minute")[list(COUNTS)].astype("int64")

    def quarantined(self, tenant_id: str) -> pd.DataFrame:
        """Return a tenant's quarantined records.

        Returns:
            A row for each: `item` (its index in its batch), `reason` and `sample`.
        """
        columns = _QUARANTINED.c.item, _QUARANTINED.c.reason, _QUARANTINED.c.sample
        of_tenant = _QUARANTINED.c.tenant_id == tenant_id
        return self._read(select(*columns).where(of_tenant).order_by(_QUARANTINED.c.id))

    def findings(self, tenant_id: str) -> pd.DataFrame:
        """Return a tenant's findings, resolved ones included.

        Returns:
            A row for each: `package`, `version`, `advisory_id`, `severity`, `cause` and `state`
            ("open" or "resolved").
        """
        of_tenant = _FINDINGS.c.tenant_id == tenant_id
        order = _FINDINGS.c.package, _FINDINGS.c.version, _FINDINGS.c.advisory_id
        frame = self._read(select(_FINDINGS).where(of_tenant).order_by(*order))
        severity = [details["severity"] for details in frame["details"]]
        state = ["open" if moment is None else "resolved" for moment in frame["resolved_at"]]
        columns = ["package", "version", "advisory_id", "severity", "cause", "state"]
        return frame.assign(severity=severity, state=state)[columns]

    def submissions(self, tenant_id: str, task_ids: Collection[str]) -> pd.DataFrame:
        """Return a tenant's batches in the outbox, of these tasks.

        Returns:
            A row for each: `task_id`, `accepted_at`, `finished_at` (None if it is not), number of
            `publications`.
        """
        table = _SUBMISSIONS
        columns = (table.c.task_id, table.c.accepted_at, table.c.finished_at, table.c.publications)
        own = table.c.tenant_id == tenant_id, table.c.task_id.in_(task_ids)
        return self._read(select(*columns).where(*own).order_by(table.c.accepted_at))

    def dead_letters(self, tenant_id: str, task_ids: Collection[str]) -> pd.DataFrame:
        """Return a tenant's dead letters, of these tasks.

        Returns:
            A row for each: `task_id`, `task`, `reason`, `error` (a type), `last_at`, number of
            `times`, `requeued_at` (None if it is not).
        """
        names = ("task_id", "task", "reason", "error", "last_at", "times", "requeued_at")
        own = _LETTERS.c.tenant_id == tenant_id, _LETTERS.c.task_id.in_(task_ids)
        columns = (_LETTERS.c[name] for name in names)
        return self._read(select(*columns).where(*own).order_by(_LETTERS.c.last_at))

    def _read(self, query: Any) -> pd.DataFrame:
        with self._translated_errors(), self._engine.connect() as connection:
            result = connection.execute(query)
            rows = [tuple(row) for row in result]
            # As they are: pandas would turn a missing time into one of its own.
            return pd.DataFrame(rows, columns=list(result.keys()), dtype=object)

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        database = self._url.database or ""
        if self._url.get_backend_name() == "sqlite" and not Path(database).exists():
            # SQLite would create it.
            raise UnreachableError(f"DATABASE_URL: the file {database} does not exist.")
        try:
            yield
        except SQLAlchemyError as error:
            raise _own_error(error, self._url) from error


def _bounds(url: URL) -> dict[str, Any]:
    """Return the arguments of a connection that bound its waits, and forbid writing.

    Raises:
        SettingsError: it is another database.
    """
    match url.get_backend_name():
        case "sqlite":
            return {"timeout": TIMEOUT_S}
        case "postgresql":
            options = f"-c statement_timeout={TIMEOUT_S}s -c default_transaction_read_only=on"
            return {"connect_timeout": TIMEOUT_S, "options": options}
    raise SettingsError("DATABASE_URL: start it with sqlite:/// or postgresql://.")


def _own_error(error: SQLAlchemyError, url: URL) -> Exception:
    cause = getattr(error, "orig", None)
    # A refused connection has no SQLSTATE, and SQLite has none at all.
    state, text = getattr(cause, "sqlstate", None), str(cause)
    address = f"{url.host}/{url.database}" if url.host else str(url.database)
    if state in _FORBIDDEN or "authentication failed" in text:
        return ForbiddenError(f"The store {address} denies access; check DATABASE_URL.")
    if state == _UNDEFINED_TABLE or "no such table" in text:
        return NotFoundError(f"The store {address} lacks a table; run securenet-obs store migrate.")
    return UnreachableError(f"The store {address} (DATABASE_URL) does not answer.")
