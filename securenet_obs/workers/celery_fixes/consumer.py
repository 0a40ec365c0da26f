"""Celery's consumer, which waits with backoff, and quietly, until Redis accepts its commands.

Buys: a worker goes on within 2 s after a failover, a full disk or memory, or a wrong password has
passed; with Celery 5.6 READONLY, MISCONF and NOPERM end it.
Without it: workers that exit one after another, and log each attempt.
Can go when Celery waits for a broker that refuses commands (`broker_channel_error_retry` restarts
without backoff), and kombu takes a lease on messages.
"""

import logging
import random
import time
from typing import Any

from celery.worker import state
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

from securenet_obs.processes.polling import Deadline
from securenet_obs.workers.celery_fixes.lease import LEASE
from securenet_obs.workers.refusals import RefusalLog

FIRST_BACKOFF_S = 0.5
"""Seconds between the second and the third attempt to connect; the second one follows at once."""

MAX_BACKOFF_S = 2.0
"""Maximum seconds between two attempts.

After ten seconds of breaking connections a worker went on after 1.9 s, and with 5 s after 3.9 s
(medians of 6, on a busy machine).
"""

STABLE_S = 20.0
"""Seconds after which a connection counts as stable, and the backoff begins anew."""

_STEP_S = 0.1
_CONNECTED = logging.getLogger("celery.worker.consumer.connection")


class WaitingConsumer(Consumer):  # type: ignore[misc] # Celery has no types
    """The consumer of every worker: no state of Redis ends it.

    Upstream: celery/celery#7276, closed, and the setting `broker_channel_error_retry` restart the
    consumer at once and log each attempt. Can go when Celery waits with backoff.
    """

    connection: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._refusals = RefusalLog("broker_unavailable", "broker_available")
        self._failures = 0
        self._failed_at = 0.0

    def connect(self) -> Any:
        """Return a connection that accepts commands: the lease was renewed with it."""
        connection = self.connection_for_read(heartbeat=self.amqheartbeat)
        try:
            channel = connection.default_channel
            with channel.conn_or_acquire() as client:
                LEASE.keep(client)
                channel.qos.settle(client)
        except self.connection_errors:
            connection.collect()
            raise
        if self.hub:
            connection.transport.register_with_event_loop(connection.connection, self.hub)
        self.first_connection_attempt = False
        return connection

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, once: whatever fails is repeated by `start`, with its backoff."""
        return conn.ensure_connection(
            max_retries=1, interval_start=0, interval_step=0, reraise_as_library_errors=False
        )

    def on_ready(self) -> None:
        """Log that the worker consumes again."""
        self._refusals.accept()
        _CONNECTED.setLevel(logging.NOTSET)
        super().on_ready()

    def on_connection_error_before_connected(self, exc: BaseException) -> None:
        """Wait after an attempt that failed."""
        self._wait(exc)

    def on_connection_error_after_connected(self, exc: BaseException) -> None:
        """Give up the connection, keep its messages for the next one, and wait."""
        LEASE.is_reconnecting = True
        try:
            self.connection.collect()
        except Exception as error:  # noqa: BLE001 whatever is left of a broken connection
            exc = exc or error
        finally:
            LEASE.is_reconnecting = False
            self.connection = None
        self._wait(exc)

    def on_close(self) -> None:
        """Forget the reserved tasks; those that no process runs are put back at the reconnect."""
        requests = {*state.reserved_requests, *state.active_requests}
        super().on_close()
        LEASE.returned -= {
            request.message.delivery_tag for request in requests if self.pool.is_running(request)
        }

    def _wait(self, error: BaseException) -> None:
        """Wait for the next attempt, unless the worker is to stop."""
        self._refusals.refuse(error)
        # Celery logs each connection, and not only one that Redis then accepts commands on.
        _CONNECTED.setLevel(logging.WARNING)
        now = time.monotonic()
        self._failures = 0 if now > self._failed_at + STABLE_S else self._failures + 1
        self._failed_at = now
        if self._failures:
            longest = min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(self._failures - 1, 10))
            deadline = Deadline.after(longest * random.uniform(0.7, 1.0))  # noqa: S311
            while not deadline.has_passed:
                maybe_shutdown()
                time.sleep(min(_STEP_S, deadline.left_s))
