"""The store of tenants' data: tables, migrations, engines, sessions, on SQLite or PostgreSQL."""

from securenet_obs.store.engine import create_store_engine
from securenet_obs.store.rows import (
    changed_rows,
    dialect_insert,
    ensure_tenant,
    insert_once,
    lock_tenant,
)
from securenet_obs.store.sessions import (
    check_store,
    close_engines,
    discard_engines,
    repeat_unconfirmed,
    session_at,
    session_scope,
)
from securenet_obs.store.tables import (
    KEY_ID_LENGTH,
    Advisory,
    AnomalyModel,
    ApiKey,
    DeadLetter,
    Finding,
    IdempotencyKey,
    InventoryItem,
    NetworkMinute,
    ProcessedBatch,
    Submission,
    Table,
    TaskEffect,
    Tenant,
)
from securenet_obs.store.waits import REQUEST, TASK, Waits

__all__ = [
    "KEY_ID_LENGTH",
    "REQUEST",
    "TASK",
    "Advisory",
    "AnomalyModel",
    "ApiKey",
    "DeadLetter",
    "Finding",
    "IdempotencyKey",
    "InventoryItem",
    "NetworkMinute",
    "ProcessedBatch",
    "Submission",
    "Table",
    "TaskEffect",
    "Tenant",
    "Waits",
    "changed_rows",
    "check_store",
    "close_engines",
    "create_store_engine",
    "dialect_insert",
    "discard_engines",
    "ensure_tenant",
    "insert_once",
    "lock_tenant",
    "repeat_unconfirmed",
    "session_at",
    "session_scope",
]
