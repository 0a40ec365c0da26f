"""Creates the SQLAlchemy engine of a store: hides statement parameters, bounds pool and waits."""

from sqlalchemy import Engine

from securenet_obs.store import json_text, sqlite
from securenet_obs.store.urls import parse_url
from securenet_obs.store.waits import TASK, Waits

POOL_SIZE = 10
"""Connections that a process keeps open; a process with forty threads uses twice as many."""


def create_store_engine(url: str, waits: Waits = TASK) -> Engine:
    """Return an engine that hides the parameters of statements in errors and logs.

    Raises:
        SettingsError: the URL cannot be used.
    """
    parsed = parse_url(url)
    options = {
        "hide_parameters": True,
        "json_serializer": json_text.encode,
        "json_deserializer": json_text.decode,
        "pool_size": POOL_SIZE,
        "max_overflow": POOL_SIZE,
        "pool_timeout": waits.pool_s,
    }
    if parsed.get_backend_name() == "sqlite":
        return sqlite.create(parsed, waits, **options)
    # Imported here: psycopg is an extra.
    from securenet_obs.store import postgresql

    return postgresql.create(parsed, waits, **options)
