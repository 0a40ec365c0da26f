"""Adds a process's metrics and ledger to the shared sums every few seconds, from a thread."""

import os
import threading
from collections import Counter
from contextlib import suppress

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from securenet_obs.monitoring.logs.output.line_output import count_lost_lines
from securenet_obs.monitoring.metrics.definitions import LINES_LOST, SENTRY_LOST
from securenet_obs.monitoring.metrics.ledger import LedgerRecorder
from securenet_obs.monitoring.metrics.shared import add_samples
from securenet_obs.monitoring.metrics.tally import TALLY
from securenet_obs.monitoring.sentry.client import lost_events

INTERVAL_S = 5.0
"""Seconds between two additions: a process that is killed loses the metrics of as many."""

_TIMEOUT_S = 1.0


class MetricsRecorder:
    """Recorder of one process; a forked child needs its own.

    Args:
        url: URL of the result database.
        service: name of the process, a label of what it loses.
    """

    def __init__(self, url: str, service: str) -> None:
        self._client = Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._ledger = LedgerRecorder(self._client, service)
        self._pid = os.getpid()
        self._service = service
        self._lines = count_lost_lines()
        self._events = Counter(lost_events())
        self._lock = threading.Lock()
        self._end = threading.Event()

    def start(self) -> None:
        """Record from now on, until the end of the process or of the recorder.

        What may be lost is counted from 0: Prometheus sees no increase from a missing series to 1.
        """
        TALLY.increment(LINES_LOST, self._service, amount=0)
        TALLY.increment(SENTRY_LOST, self._service, "error", "network_error", amount=0)
        threading.Thread(target=self._record_regularly, name="metrics", daemon=True).start()

    def stop(self) -> None:
        """End the thread, and record; called again, record what came since. Nothing in a fork."""
        if os.getpid() == self._pid:
            self._end.set()
            self.record()

    def record(self) -> None:
        """Add the increments to the shared sums; those that Redis does not take are kept."""
        with self._lock:
            self._count_losses()
            # Its users log an outage of Redis. The increments are bounded, and so is their memory.
            with suppress(RedisError, OSError):
                self._add_samples()
                self._ledger.record()

    def _add_samples(self) -> None:
        increments = TALLY.take()
        if not increments:
            return
        try:
            add_samples(self._client, increments)
        except (RedisError, OSError):
            TALLY.put_back(increments)
            raise

    def _count_losses(self) -> None:
        """Count the losses since the last time."""
        lines, events = count_lost_lines(), Counter(lost_events())
        if lines > self._lines:
            TALLY.increment(LINES_LOST, self._service, amount=lines - self._lines)
        for cause, count in (events - self._events).items():
            category, _, reason = cause.partition(": ")
            TALLY.increment(SENTRY_LOST, self._service, category, reason, amount=count)
        self._lines, self._events = lines, events

    def _record_regularly(self) -> None:
        while not self._end.wait(INTERVAL_S):
            self.record()
