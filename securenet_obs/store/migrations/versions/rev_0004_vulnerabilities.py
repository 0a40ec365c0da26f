"""Creates the tables of inventories, advisories, findings and waivers, and drops their forerunners.

Only the samples of local stacks could fill the old ones. A scan of the version before fails
meanwhile, and is repeated by the next schedule.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, length: int, *, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False, primary_key=key)


def _number(name: str, *, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, primary_key=key, autoincrement=False)


def _tenant() -> sa.Column[str]:
    reference = sa.ForeignKey("tenants.tenant_id")
    return sa.Column("tenant_id", sa.String(63), reference, nullable=False, primary_key=True)


def upgrade() -> None:
    """Drop three tables and create seven."""
    for name in ("findings", "inventory", "advisories"):
        op.drop_table(name)
    op.create_table(
        "inventories",
        _tenant(),
        _number("number", key=True),
        _time("imported_at"),
        _text("source", 200),
        _text("digest", 64),
        sa.Column("components", sa.JSON(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
    )
    op.create_table(
        "advisory_syncs",
        sa.Column("number", sa.Integer(), primary_key=True, nullable=False),
        _text("source", 200),
        _time("synced_at"),
        _time("as_of", nullable=True),
        sa.Column("counts", sa.JSON(), nullable=True),
    )
    op.create_table(
        "advisory_entries",
        _text("ecosystem", 100, key=True),
        _text("package", 400, key=True),
        _text("advisory_id", 100, key=True),
        _text("source", 200),
        _text("digest", 32),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("known", sa.Text(), nullable=False),
        _number("added_in"),
        _number("changed_in"),
    )
    op.create_index("ix_advisory_entries_source", "advisory_entries", ["source"])
    op.create_table(
        "exploited_vulnerabilities", _text("cve_id", 100, key=True), _text("added_on", 10)
    )
    op.create_table(
        "vulnerability_scans",
        _tenant(),
        _time("scanned_at"),
        _number("inventory_number"),
        _number("sync_number"),
    )
    _create_findings()


def _create_findings() -> None:
    op.create_table(
        "findings",
        _tenant(),
        _text("ecosystem", 100, key=True),
        _text("package", 400, key=True),
        _text("version", 256, key=True),
        _text("advisory_id", 100, key=True),
        sa.Column("details", sa.JSON(), nullable=False),
        _text("cause", 20),
        _time("first_seen"),
        _time("new_at"),
        _time("last_seen"),
        _time("resolved_at", nullable=True),
        _time("waived_until", nullable=True),
        _time("notified_at", nullable=True),
    )
    op.create_table(
        "waivers",
        _tenant(),
        _text("advisory_id", 100, key=True),
        _text("package", 400, key=True),
        sa.Column("reason", sa.Text(), nullable=False),
        _text("expires_on", 10),
    )
