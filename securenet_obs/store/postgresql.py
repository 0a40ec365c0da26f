"""Engine and connections for PostgreSQL: waits, keepalives, PgBouncer, errors without values.

No wait depends on the server alone: it cancels what takes too long, and a server that does not
answer is given up by the client. PgBouncer in transaction mode is supported: nothing is set for a
session, no parameter is sent at its start, and no statement is prepared.
"""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, ClassVar, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from sqlalchemy import URL, Connection, Engine, create_engine, event

from securenet_obs.processes.polling import Deadline
from securenet_obs.store.messages import without_values
from securenet_obs.store.waits import Waits

CONNECT_OPTIONS: dict[str, Any] = {
    "prepare_threshold": None,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""Options of a connection: no prepared statements; a peer that vanished is noticed in 45 s."""

_INTERVAL_S = 0.1

Rows = TypeVar("Rows")


class ValuelessCursor(psycopg.Cursor[TupleRow]):
    """A cursor with errors that do not quote a value that Python cannot represent.

    Upstream: a documented extension point. It can go when psycopg does not quote such values.
    """

    def fetchone(self) -> TupleRow | None:
        """Return the next row."""
        return _read(super().fetchone)

    def fetchmany(self, size: int = 0) -> list[TupleRow]:
        """Return the next rows."""
        return _read(partial(super().fetchmany, size))

    def fetchall(self) -> list[TupleRow]:
        """Return the remaining rows."""
        return _read(super().fetchall)


class BoundedConnection(psycopg.Connection[TupleRow]):
    """A connection with bounded waits, and with errors without values of rows.

    Upstream: psycopg waits at least two seconds for a connection, as libpq does, and without end
    for an answer. It can go when psycopg has a timeout for answers and one below two seconds.
    """

    waits: ClassVar[Waits]

    def wait(self, gen: Any, interval: float = _INTERVAL_S, timeout: float | None = None) -> Any:
        """Return the result of an exchange with the server.

        Raises:
            psycopg.Error: the exchange failed, or exceeded its time; the connection is closed then.
        """
        bound_s = self.waits.answer_s if timeout is None else timeout
        try:
            return super().wait(gen, interval, bound_s)
        except (psycopg.Error, UnicodeError) as error:
            failure = without_values(error)
        if self.info.transaction_status is TransactionStatus.ACTIVE:
            self.close()
            failure = psycopg.OperationalError(f"the server did not answer within {bound_s:g} s")
        # Raised outside of the handlers: there, its context would be the original error.
        raise failure

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> Generator[Any, Any, Any]:
        """Connect within the bound; psycopg resumes this every `_INTERVAL_S` seconds."""
        deadline = Deadline.after(cls.waits.connect_s)
        steps = super()._connect_gen(conninfo)
        ready: Any = None
        while True:
            try:
                awaited = steps.send(ready)
            except StopIteration as end:
                return end.value
            if deadline.has_passed:
                raise psycopg.errors.ConnectionTimeout("connection timeout expired")
            ready = yield awaited


def _read(read: Callable[[], Rows]) -> Rows:
    try:
        return read()
    except psycopg.DataError:
        pass
    raise psycopg.DataError("a value of the result cannot be represented")


def create(url: URL, waits: Waits, **options: Any) -> Engine:
    """Return an engine with these options of `create_engine`, and bounded waits."""

    class EngineConnection(BoundedConnection):
        pass

    EngineConnection.waits = waits

    def connect(_: object, __: object, arguments: Any, options: Any) -> BoundedConnection:
        given = {**CONNECT_OPTIONS, **options}
        return EngineConnection.connect(*arguments, cursor_factory=ValuelessCursor, **given)

    def limit(connection: Connection) -> None:
        connection.exec_driver_sql(_limits(waits))

    engine = create_engine(url, pool_pre_ping=True, **options)
    event.listen(engine, "do_connect", connect)
    event.listen(engine, "begin", limit)
    return engine


def _limits(waits: Waits) -> str:
    """Return a statement that bounds this transaction: PgBouncer gives the next one to others."""
    bounds_s = {
        "statement_timeout": waits.statement_s,
        "lock_timeout": waits.lock_s,
        "idle_in_transaction_session_timeout": waits.idle_s,
    }
    settings = (
        f"set_config('{name}', '{bound_s * 1000:.0f}', true)" for name, bound_s in bounds_s.items()
    )
    return f"SELECT {', '.join(settings)}"
