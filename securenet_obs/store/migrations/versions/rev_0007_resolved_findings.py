"""Indexes the age of resolved findings, so that old ones can be deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the index; most findings are open, and are not in it."""
    is_resolved = sa.text("resolved_at IS NOT NULL")
    op.create_index(
        "ix_findings_resolved_at",
        "findings",
        ["resolved_at"],
        postgresql_where=is_resolved,
        sqlite_where=is_resolved,
    )
