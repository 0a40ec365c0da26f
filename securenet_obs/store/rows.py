"""Statements for SQLite and PostgreSQL: insert once, count changes, register and lock tenants."""

from typing import Any

from sqlalchemy import CursorResult, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from securenet_obs.store.tables import Table, Tenant


def ensure_tenant(session: Session, tenant_id: str) -> Tenant:
    """Return the tenant, registered first if it is new; concurrent registrations are safe."""
    tenant = session.get(Tenant, tenant_id)
    if tenant is None:
        insert_once(session, Tenant, tenant_id=tenant_id)
        tenant = session.get_one(Tenant, tenant_id)
    return tenant


def lock_tenant(session: Session, tenant_id: str) -> None:
    """Lock a tenant's row until the end of the transaction, so that its like waits.

    Other writers may still refer to the tenant. SQLite has one writer at a time anyway.
    """
    session.get(Tenant, tenant_id, with_for_update={"key_share": True}, populate_existing=True)


def insert_once(session: Session, table: type[Table], **values: Any) -> bool:
    """Insert a row immediately; return False, without a change, if its key exists.

    If an open transaction has inserted the key, wait until that transaction ends.
    """
    insert = dialect_insert(session, table).values(values).on_conflict_do_nothing()
    # Not the row count: SQLAlchemy does not know it for such an INSERT on PostgreSQL.
    return session.execute(insert.returning(literal(1))).first() is not None


def dialect_insert(session: Session, table: type[Table]) -> sqlite.Insert | postgresql.Insert:
    """Return the INSERT of the database's dialect, which supports ON CONFLICT."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(table)


def changed_rows(result: Any) -> int:
    """Return the number of rows that an UPDATE or DELETE changed."""
    return result.rowcount if isinstance(result, CursorResult) else 0
