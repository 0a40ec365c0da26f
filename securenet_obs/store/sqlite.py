"""Engine and connections for SQLite: write-ahead log, durable commits, queue of writers."""

import re
import sqlite3
import threading
import time
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event

from securenet_obs.processes.polling import Deadline
from securenet_obs.store.waits import Waits

RETRY_PAUSE_S = 0.01

_WRITE = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
_HOLDS_TURN = "holds_turn"


def create(url: URL, waits: Waits, **options: Any) -> Engine:
    """Return an engine with these options of `create_engine`."""
    engine = create_engine(url, connect_args={"timeout": waits.lock_s}, **options)
    event.listen(engine, "connect", _prepare_connection)
    _queue_writers(engine, waits.lock_s)
    return engine


def _queue_writers(engine: Engine, patience_s: float) -> None:
    """Let the writers of this engine write one after the other.

    SQLite has one writer at a time. The others poll, ever less often, and starve while new writers
    arrive: of eight threads some were refused after half a second, although each write took
    milliseconds. A writer that has waited in vain asks SQLite, which knows the other processes.
    """
    turn = threading.Lock()

    def wait(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        info = connection.info
        if _WRITE.match(statement) and not info.get(_HOLDS_TURN):
            info[_HOLDS_TURN] = turn.acquire(timeout=patience_s)

    def end(_: Any, record: Any) -> None:
        if record.info.pop(_HOLDS_TURN, False):
            turn.release()

    event.listen(engine, "before_cursor_execute", wait)
    event.listen(engine, "checkin", end)


def _prepare_connection(connection: sqlite3.Connection, _: object) -> None:
    """Enable WAL, for concurrent readers and one writer, durable commits and foreign keys.

    A commit survives a power loss, at a cost of 0.3 ms: an accepted batch must not be lost.
    """
    _use_wal(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, with retries for as long as the busy timeout.

    Several processes may open a new store at once. While one of them switches, SQLite answers
    "locked" to the others without waiting.
    """
    (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    deadline = Deadline.after(patience_ms / 1000)
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or deadline.has_passed:
                raise
            time.sleep(RETRY_PAUSE_S)
