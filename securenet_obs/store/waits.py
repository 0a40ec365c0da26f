"""`Waits`: upper bounds, in seconds, of waits for the store; those of requests and of tasks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Waits:
    """Upper bounds of waits for the store, in seconds.

    Attributes:
        pool_s: wait for a connection of the process's pool.
        connect_s: wait for a new connection.
        lock_s: wait for the locks of other writers.
        statement_s: duration of a statement.
        idle_s: time between two statements of a transaction, after which PostgreSQL ends it.
    """

    pool_s: float
    connect_s: float
    lock_s: float
    statement_s: float
    idle_s: float

    @property
    def answer_s(self) -> float:
        """Seconds until a server that does not answer is given up; it cancels statements itself."""
        return self.statement_s + 0.25


REQUEST = Waits(pool_s=0.25, connect_s=0.5, lock_s=0.5, statement_s=0.5, idle_s=5)
"""Waits of a caller that waits for an answer: a request, a readiness check."""

TASK = Waits(pool_s=5, connect_s=5, lock_s=5, statement_s=60, idle_s=60)
"""Waits of a task or a command."""
