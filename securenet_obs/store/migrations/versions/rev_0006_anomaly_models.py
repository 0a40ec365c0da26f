"""Creates the table of the versions of anomaly models."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table; `anomaly_models` keeps the promoted versions in its parameters."""
    op.create_table(
        "anomaly_model_versions",
        sa.Column("tenant_id", sa.String(63), sa.ForeignKey("tenants.tenant_id"), primary_key=True),
        sa.Column("metric", sa.String(100), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("data_digest", sa.String(64), nullable=False),
        sa.Column("held_back_error", sa.Double(), nullable=False),
        sa.Column("promoted", sa.Boolean(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
    )
