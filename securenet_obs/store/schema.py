"""Version of the store's schema: compares a database's with that of the code; changes nothing."""

from sqlalchemy import Connection, inspect, text

from securenet_obs.errors import SchemaError

VERSION = "0010"
"""Revision of the schema that this code uses: the last one in migrations/versions."""

COMMAND = "securenet-obs store migrate"


def read_version(connection: Connection) -> str | None:
    """Return the revision of a database's schema; None if it was never migrated."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def check_version(connection: Connection) -> None:
    """Refuse a database with another schema than that of this code.

    Raises:
        SchemaError: the schema is missing, older or newer; the message names the remedy.
    """
    version = read_version(connection)
    if version == VERSION:
        return
    refuse_newer(version)
    found = "it has no schema yet" if version is None else f"its schema is {version}"
    raise SchemaError(
        f"The store must be migrated: {found}, and {VERSION} is needed. Run: {COMMAND}"
    )


def refuse_newer(version: str | None) -> None:
    """Refuse a schema that a newer version of securenet-obs has made.

    Raises:
        SchemaError: the schema is newer than the code, or not one of securenet-obs.
    """
    if version is not None and not (version.isdigit() and version <= VERSION):
        raise SchemaError(
            f"The store's schema is {version}, newer than {VERSION}, which this version of "
            "securenet-obs uses. Install the version that migrated the store, or a newer one."
        )
