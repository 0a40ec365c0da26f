"""Migrates a store to the schema of the code, under a lock: several may try at once."""

import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from securenet_obs.errors import SchemaError, StoreUnavailableError
from securenet_obs.processes.polling import Deadline
from securenet_obs.store.engine import create_store_engine
from securenet_obs.store.schema import VERSION, read_version, refuse_newer
from securenet_obs.store.sessions import opened
from securenet_obs.store.waits import Waits

MIGRATION = Waits(pool_s=5, connect_s=5, lock_s=2, statement_s=600, idle_s=60)
"""Waits of a migration: short for a table's lock, since all others queue behind it."""

PATIENCE_S = 60.0
"""Seconds in which a migration tries again to get its locks."""

FOLDER = Path(__file__).with_name("migrations")

_LOCK = 0x5EC0_0B5
_PAUSE_S = 0.5


def migrate(url: str, patience_s: float = PATIENCE_S) -> tuple[str | None, str]:
    """Migrate the store at `url`, in one transaction; return its versions before and after.

    Raises:
        SettingsError: the URL cannot be used.
        SchemaError: the schema is newer than the code, or the database's encoding is not UTF8.
        StoreUnavailableError: the store, or the lock of another migration or writer, was not
            available in time; nothing was changed.
    """
    engine = create_store_engine(url, MIGRATION)
    deadline = Deadline.after(patience_s)
    try:
        with opened():
            engine.connect().close()
        while True:
            try:
                with opened(), engine.begin() as connection:
                    return _upgrade(connection), VERSION
            except StoreUnavailableError:
                if deadline.has_passed:
                    raise
                time.sleep(_PAUSE_S)
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> str | None:
    if connection.dialect.name == "postgresql":
        _refuse_other_encodings(connection)
        # Of the transaction, not of the session: PgBouncer may give each one another server.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    before = read_version(connection)
    refuse_newer(before)
    if before != VERSION:
        config = Config()
        config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, VERSION)
    return before


def _refuse_other_encodings(connection: Connection) -> None:
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise SchemaError(
            f"The database's encoding is {encoding}, in which some texts of tenants cannot be "
            "stored. Create it with ENCODING 'UTF8'."
        )
