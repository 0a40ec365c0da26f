"""Engine of a store from its URL; hides the parameters of statements, refuses unusable URLs."""

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from securenet_obs.errors import SettingsError
from securenet_obs.store.sqlite import prepare_sqlite

BUSY_TIMEOUT_S = 5.0
"""Seconds that a writer waits for another one on SQLite, by default."""


def create_store_engine(url: str, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """Return an engine that hides the parameters of statements in errors and logs.

    Raises:
        SettingsError: the URL cannot be used.
    """
    try:
        parsed = make_url(url)
        parsed.get_dialect().import_dbapi()
    except NoSuchModuleError:
        raise SettingsError(
            "DATABASE_URL: its SQLAlchemy dialect is unknown; start it, for instance, with "
            "sqlite:/// or postgresql://."
        ) from None
    except ImportError as error:
        raise SettingsError(
            f"DATABASE_URL: its driver {error.name} is not installed; install that package."
        ) from None
    except ArgumentError:
        raise SettingsError("DATABASE_URL: it is not a valid SQLAlchemy URL.") from None
    is_sqlite = parsed.get_backend_name() == "sqlite"
    options = (
        {"connect_args": {"timeout": busy_timeout_s}} if is_sqlite else {"pool_pre_ping": True}
    )
    engine = create_engine(parsed, hide_parameters=True, **options)
    if is_sqlite:
        event.listen(engine, "connect", prepare_sqlite)
    return engine
