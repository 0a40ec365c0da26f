"""Alembic's environment: applies revisions within the caller's transaction."""

from alembic import context

from securenet_obs.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
