"""Proves that the store accepts writes, by one row that each check replaces."""

from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from securenet_obs.errors import RefusedError, StoreUnavailableError
from securenet_obs.store.failures import describe
from securenet_obs.store.sessions import session_scope
from securenet_obs.store.tables import TaskEffect
from securenet_obs.store.waits import REQUEST

_ROW = {"tenant_id": "", "task": "readiness", "window": "latest"}
"""Key of the row; no tenant has an empty id."""


def check_writable() -> None:
    """Write a row to this process's store, within the waits of a request.

    Raises:
        SchemaError: the store's schema is not the one that this code uses.
        StoreUnavailableError: the store accepts no writes now; its cause is the driver's error.
        RefusedError: the store refuses this write, for example for want of a right.
    """
    try:
        with session_scope(REQUEST) as session:
            session.merge(TaskEffect(**_ROW, at=datetime.now(UTC), result={}))
    except StoreUnavailableError as error:
        cause = error.__cause__ or error
        raise StoreUnavailableError(_format(cause)) from cause
    except SQLAlchemyError as error:
        raise RefusedError(_format(error)) from error


def _format(error: BaseException) -> str:
    return f"DATABASE_URL: the store accepts no write: {describe(error)}"
