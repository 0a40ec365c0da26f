"""Sends envelopes to Sentry; records response statuses, counts and logs lost events by reason."""

import codecs
import os
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

import structlog
from sentry_sdk.envelope import Envelope, Item
from sentry_sdk.transport import HttpTransport

REPORT_INTERVAL_S = 60.0
"""Seconds between two log lines about lost events."""

_MAX_STATUSES = 1_000

# Duplicates, and events that were never to be sent, are not lost.
_INTENDED_REASONS = frozenset({"event_processor", "sample_rate"})

# The SDK's own reports about losses.
_INTERNAL = "internal"

# Our hooks drop only events that cannot be scrubbed.
_REASONS = {"before_send": "unscrubbed"}

_log = structlog.get_logger(__name__)

# urllib3 encodes host names with this codec. Without this line the sending thread imports it at the
# first event; a child forked at that moment inherits half a module, and every event of the child is
# lost to `LookupError: unknown encoding: idna`.
codecs.lookup("idna")


class CountingTransport(HttpTransport):
    """The SDK's HTTP transport, which otherwise does not report refusals and losses.

    The queue of the SDK's thread is bounded and does not block: an unavailable Sentry does not
    delay the caller, and events that do not fit are lost and counted. The count is logged a minute
    after the first loss, by a timer that exists that long, and at the end of a flush.

    Upstream: getsentry/sentry-python#6164, open, for the fork: `_begin_in_child` can go with it.
    For the answers getsentry/sentry-python#2457, closed, names this subclass as the way: it stays.
    """

    TIMEOUT = 10
    """Seconds that the SDK's thread waits for an answer, while the queue fills."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options)
        self.statuses: OrderedDict[str, int] = OrderedDict()
        self._reset_counts()
        os.register_at_fork(after_in_child=self._reset_in_child)

    def _reset_in_child(self) -> None:
        """Share nothing with the parent, which sends the events in its queue over its own sockets.

        The SDK would start the child's thread on the parent's queue, with locks and counts as they
        were at the fork: if a process forked while it sent, its children lost events.
        """
        self._worker = self._create_worker(self.options)
        self._pool = self._make_pool()
        self._reset_counts()

    def _reset_counts(self) -> None:
        """Count from zero; a child reports its own losses, and does not share its parent's lock."""
        self.lost: Counter[str] = Counter()
        self._unreported: Counter[str] = Counter()
        self._reporter: threading.Timer | None = None
        self._lock = threading.Lock()

    def _handle_response(self, response: Any, envelope: Envelope | None) -> None:
        event_id = envelope.headers.get("event_id") if envelope else None
        if event_id:
            self.statuses[event_id] = response.status
            while len(self.statuses) > _MAX_STATUSES:
                self.statuses.popitem(last=False)
        if response.status == 429 and envelope is not None:
            # Sentry itself has counted these, so the SDK does not report them back.
            for item in envelope.items:
                self._count(item.data_category, "rate_limited")
        super()._handle_response(response, envelope)

    def record_lost_event(
        self,
        reason: str,
        data_category: Any = None,
        item: Item | None = None,
        *,
        quantity: int = 1,
    ) -> None:
        """Count a lost event; the count is logged within a minute."""
        super().record_lost_event(reason, data_category, item, quantity=quantity)
        category = item.data_category if item is not None else data_category
        if reason not in _INTENDED_REASONS:
            self._count(category, _REASONS.get(reason, reason), quantity)

    def _count(self, category: str, reason: str, quantity: int = 1) -> None:
        if category == _INTERNAL:
            return
        with self._lock:
            self.lost[f"{category}: {reason}"] += quantity
            self._unreported[f"{category}: {reason}"] += quantity
            if self._reporter is None:
                self._reporter = self._start_reporter()

    def _start_reporter(self) -> threading.Timer | None:
        reporter = threading.Timer(REPORT_INTERVAL_S, self._report)
        reporter.daemon = True
        try:
            reporter.start()
        except RuntimeError:
            # The interpreter is exiting and cannot start threads; the last flush logs the count.
            return None
        return reporter

    def _report(self) -> None:
        """Log the events lost since the last report, if any."""
        with self._lock:
            lost, self._unreported = self._unreported, Counter()
            reporter, self._reporter = self._reporter, None
        if reporter is not None:
            reporter.cancel()
        if lost:
            _log.warning("sentry_events_lost", lost=dict(lost))

    def flush(self, timeout: float, callback: Callable[[int, float], None] | None = None) -> None:
        """Wait as the SDK does; then log the events lost, and the number not sent in time."""
        super().flush(timeout, callback)
        waiting = self._worker._queue.unfinished_tasks  # type: ignore[attr-defined]
        if waiting:
            _log.warning("sentry_flush_timed_out", waiting=waiting, timeout_s=timeout)
        self._report()
