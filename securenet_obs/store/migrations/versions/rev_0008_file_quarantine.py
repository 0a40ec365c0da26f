"""Adds the path of a log file, its number of quarantined items, and the state for their replay.

The new columns have defaults: processes of the version before may still insert rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_FILES = sa.table(
    "log_files",
    sa.column("result", sa.JSON()),
    sa.column("quarantined", sa.BigInteger()),
)


def upgrade() -> None:
    """Add the columns; the numbers of files that are counted are in their results."""
    with op.batch_alter_table("log_files") as batch:
        batch.add_column(sa.Column("path", sa.Text(), nullable=False, server_default=""))
        for name in ("quarantined", "replays"):
            batch.add_column(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("content", sa.LargeBinary(), nullable=True))
    number = _FILES.c.result["quarantined"].as_integer()
    op.execute(_FILES.update().where(number > 0).values(quarantined=number))
