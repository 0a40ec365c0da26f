"""The store of tenants' data: tables, engines and sessions, on SQLite."""

from securenet_obs.store.engine import create_store_engine
from securenet_obs.store.rows import changed_rows, dialect_insert, ensure_tenant, insert_once
from securenet_obs.store.sessions import check_store, discard_engines, session_at, session_scope
from securenet_obs.store.tables import (
    Advisory,
    AnomalyModel,
    DeadLetter,
    Finding,
    InventoryItem,
    NetworkMinute,
    ProcessedBatch,
    Submission,
    Table,
    TaskEffect,
    Tenant,
)

__all__ = [
    "Advisory",
    "AnomalyModel",
    "DeadLetter",
    "Finding",
    "InventoryItem",
    "NetworkMinute",
    "ProcessedBatch",
    "Submission",
    "Table",
    "TaskEffect",
    "Tenant",
    "changed_rows",
    "check_store",
    "create_store_engine",
    "dialect_insert",
    "discard_engines",
    "ensure_tenant",
    "insert_once",
    "session_at",
    "session_scope",
]
