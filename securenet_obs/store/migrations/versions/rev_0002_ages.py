"""Gives processed batches and dead letters an indexed age, so that old ones can be deleted.

The new column has a default: processes of the version before may still insert rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column and the indexes; existing processed batches are as old as the migration."""
    column = sa.Column(
        "processed_at",
        sa.DateTime(timezone=True),
        nullable=False,
        server_default=sa.func.current_timestamp(),
    )
    with op.batch_alter_table("processed_batches") as batch:
        batch.add_column(column)
    op.create_index("ix_processed_batches_processed_at", "processed_batches", ["processed_at"])
    op.create_index("ix_dead_letters_last_at", "dead_letters", ["last_at"])
    given_up = sa.text("finished_at IS NULL AND due_at IS NULL")
    op.create_index(
        "ix_submissions_given_up",
        "submissions",
        ["accepted_at"],
        postgresql_where=given_up,
        sqlite_where=given_up,
    )
