"""Creates the first tables and indexes of the store, as releases before migrations did."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _json(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=nullable)


def _text(name: str, length: int, *, nullable: bool = False, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable, primary_key=key)


def _tenant(*, key: bool = False) -> sa.Column[str]:
    reference = sa.ForeignKey("tenants.tenant_id")
    return sa.Column("tenant_id", sa.String(63), reference, nullable=False, primary_key=key)


def upgrade() -> None:
    """Create the missing tables and indexes."""
    for name, columns in _TABLES.items():
        op.create_table(name, *columns(), if_not_exists=True)
    for table, column in _INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column], if_not_exists=True)


_TABLES: dict[str, Callable[[], tuple[sa.Column[Any], ...]]] = {
    "tenants": lambda: (_text("tenant_id", 63, key=True),),
    "advisories": lambda: (_text("advisory_id", 100, key=True), _json("content")),
    "inventory": lambda: (
        _tenant(key=True),
        _text("package", 200, key=True),
        _text("version", 100, key=True),
    ),
    "findings": lambda: (
        _tenant(key=True),
        _text("advisory_id", 100, key=True),
        _text("package", 200, key=True),
        _text("version", 100, key=True),
    ),
    "network_minutes": lambda: (
        _tenant(key=True),
        sa.Column("minute", sa.DateTime(timezone=True), primary_key=True, nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("octets", sa.BigInteger(), nullable=False),
    ),
    "submissions": lambda: (
        _text("task_id", 64, key=True),
        _tenant(),
        _json("records", nullable=True),
        _json("ids"),
        _time("accepted_at"),
        _time("due_at", nullable=True),
        sa.Column("publications", sa.Integer(), nullable=False),
        _time("finished_at", nullable=True),
        _json("result", nullable=True),
    ),
    "task_effects": lambda: (
        _text("tenant_id", 63, key=True),
        _text("task", 100, key=True),
        _text("window", 64, key=True),
        _time("at"),
        _json("result"),
    ),
    "dead_letters": lambda: (
        sa.Column("id", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("task_id", sa.String(64), nullable=False, unique=True),
        _text("task", 200),
        _text("tenant_id", 63, nullable=True),
        _text("request_id", 64, nullable=True),
        _text("window", 64, nullable=True),
        _json("arguments"),
        sa.Column("redacted", sa.Boolean(), nullable=False),
        _text("reason", 20),
        _text("error", 200),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("traceback", sa.Text(), nullable=False),
        _time("first_at"),
        _time("last_at"),
        sa.Column("times", sa.Integer(), nullable=False),
        _time("requeued_at", nullable=True),
    ),
    "processed_batches": lambda: (_text("batch_id", 64, key=True), _tenant()),
    "anomaly_models": lambda: (_tenant(key=True), _time("trained_at"), _json("parameters")),
    "api_keys": lambda: (
        _text("key_hash", 64, key=True),
        _tenant(),
        _text("label", 100),
        _time("created_at"),
        _time("revoked_at", nullable=True),
    ),
}

_INDEXES = (
    ("submissions", "due_at"),
    ("submissions", "finished_at"),
    ("task_effects", "at"),
    ("api_keys", "tenant_id"),
)
