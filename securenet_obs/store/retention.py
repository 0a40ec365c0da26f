"""Deletes old rows of a table in small transactions, with pauses in which other writers work."""

import time
from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, delete, select, tuple_

from securenet_obs.processes.polling import Deadline
from securenet_obs.store.sessions import session_scope
from securenet_obs.store.tables import Table
from securenet_obs.store.waits import REQUEST

STEP_ROWS = 200
"""Maximum number of rows that one transaction deletes; it takes a few milliseconds."""

_MIN_PAUSE_S = 0.01


def delete_older(
    table: type[Table],
    age: ColumnElement[datetime],
    *conditions: ColumnElement[bool],
    deadline: Deadline,
) -> int:
    """Delete a table's rows that meet all conditions, the oldest first; return their number.

    A row that another transaction has locked is left for a later run. Each pause is as long as the
    step before it, so that this takes half of SQLite's only place for a writer at most.

    Args:
        table: the table.
        age: its indexed column with the age of a row, for the order.
        conditions: conditions that the rows meet.
        deadline: end of the last step; the rest stays for a later run.

    Raises:
        StoreUnavailableError: the store did not do a step; those before it are done.
    """
    keys = list(table.__table__.primary_key)
    oldest = select(*keys).where(*conditions).order_by(age).limit(STEP_ROWS)
    unlocked = oldest.with_for_update(skip_locked=True)
    statement = delete(table).where(tuple_(*keys).in_(unlocked))
    total = 0
    while not deadline.has_passed:
        began = time.monotonic()
        with session_scope(REQUEST) as session:
            result = session.execute(statement, execution_options={"synchronize_session": False})
            deleted = result.rowcount if isinstance(result, CursorResult) else 0
        total += deleted
        if deleted < STEP_ROWS:
            break
        time.sleep(max(_MIN_PAUSE_S, time.monotonic() - began))
    return total
