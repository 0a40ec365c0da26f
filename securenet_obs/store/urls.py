"""Parses DATABASE_URL for the engine; refuses an unsupported database or a missing driver."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from securenet_obs.errors import SettingsError

DRIVERS = {"sqlite": "pysqlite", "postgresql": "psycopg"}
"""Supported databases, each with its driver."""


def parse_url(url: str) -> URL:
    """Return the parsed URL of a store.

    Raises:
        SettingsError: the URL cannot be used; the message does not repeat it.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsError("DATABASE_URL: it is not a valid SQLAlchemy URL.") from None
    name = parsed.get_backend_name()
    if name == "postgres":
        raise SettingsError(
            "DATABASE_URL: SQLAlchemy does not accept postgres://; start it with postgresql://."
        )
    if name not in DRIVERS:
        raise SettingsError(
            "DATABASE_URL: its database is not supported; start it with sqlite:/// or "
            "postgresql://."
        )
    _check_driver(parsed, name)
    if name == "sqlite" and (parsed.database in (None, ":memory:") or "mode" in parsed.query):
        raise SettingsError(
            "DATABASE_URL: it has no file, and each process would have a store of its own; use "
            "sqlite:///path."
        )
    if name == "postgresql" and not parsed.database:
        raise SettingsError("DATABASE_URL: it has no database; end it with /name.")
    return parsed


def _check_driver(url: URL, name: str) -> None:
    try:
        driver = url.get_driver_name()
    except NoSuchModuleError:
        driver = ""
    if driver != DRIVERS[name]:
        raise SettingsError(
            f"DATABASE_URL: its driver is not supported; start it with {name}://, which is "
            f"{name}+{DRIVERS[name]}://."
        )
    try:
        url.get_dialect().import_dbapi()
    except ImportError:
        raise SettingsError(
            f"DATABASE_URL: its driver {driver} is not installed; install securenet-obs with the "
            "extra postgres: pip install 'securenet-obs[postgres]'."
        ) from None
