"""Adds metrics to network minutes, and the tables of quarantined records and of log files.

The new columns have defaults: processes of the version before may still insert rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_COUNTS = (
    *("octets_out", "octets_in", "alerts_high", "alerts_medium", "alerts_low", "alerts_other"),
    *("dns_failures", "denied", "peers"),
)


def upgrade() -> None:
    """Add the columns and the tables."""
    with op.batch_alter_table("network_minutes") as batch:
        for name in _COUNTS:
            batch.add_column(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("peers_sketch", sa.LargeBinary(), nullable=True))
    op.create_table(
        "quarantined_records",
        sa.Column("id", sa.Integer(), primary_key=True, nullable=False),
        _tenant(),
        sa.Column("task_id", sa.String(64), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replayed_at", sa.DateTime(timezone=True), nullable=True),
    )
    for column in ("tenant_id", "task_id", "at"):
        op.create_index(f"ix_quarantined_records_{column}", "quarantined_records", [column])
    op.create_table(
        "log_files",
        _tenant(key=True),
        sa.Column("digest", sa.String(64), primary_key=True, nullable=False),
        sa.Column("ranges", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
    )
    op.create_index("ix_log_files_started_at", "log_files", ["started_at"])
    op.create_table(
        "log_ranges",
        _tenant(key=True),
        sa.Column("digest", sa.String(64), primary_key=True, nullable=False),
        sa.Column("start", sa.BigInteger(), primary_key=True, nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
    )


def _tenant(*, key: bool = False) -> sa.Column[str]:
    reference = sa.ForeignKey("tenants.tenant_id")
    return sa.Column("tenant_id", sa.String(63), reference, nullable=False, primary_key=key)
