"""HTTP transport to Sentry: statuses, losses, refused events resent smaller, child processes."""

import asyncio
import codecs
import os
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

import structlog
from sentry_sdk.envelope import Envelope, Item, PayloadRef
from sentry_sdk.transport import HttpTransport

from securenet_obs.monitoring.sentry.delivery.child_processes import (
    at_end_of_child,
    ending_error,
    is_child,
)
from securenet_obs.monitoring.sentry.delivery.event_limits import fit
from securenet_obs.monitoring.sentry.delivery.event_outcomes import EventOutcomes

REPORT_INTERVAL_S = 60.0
"""Seconds between two log lines about lost events."""

CONFIRM_S = 1.0
"""Seconds that a capture in a child process waits for Sentry's answer."""

_EXIT_FLUSH_S = 2.0
"""Seconds that a child waits at its end for events to be sent, as the SDK does at exit."""

_MAX_STATUSES = 1_000

# Answers to an event that is too large, or that the backend cannot parse.
_REFUSED = frozenset({400, 413})
_MIN_EVENT_BYTES = 2_000
_SMALLER = 4

# Duplicates, and events that were never to be sent, are not lost.
_INTENDED_REASONS = frozenset({"event_processor", "sample_rate"})

# The SDK's own reports about losses.
_INTERNAL = "internal"

# Our hooks drop only events that cannot be scrubbed.
_REASONS = {"before_send": "unscrubbed"}

# Losses on the way to Sentry; an event that is accepted later shows that they have ended.
_OUTAGE_REASONS = frozenset({"network_error", "queue_overflow"})

_log = structlog.get_logger(__name__)

# urllib3 encodes host names with this codec. Without this line the sending thread imports it at the
# first event; a child forked at that moment inherits half a module, and every event of the child is
# lost to `LookupError: unknown encoding: idna`.
codecs.lookup("idna")


class CountingTransport(HttpTransport):
    """The SDK's HTTP transport, which otherwise does not report refusals and losses.

    The queue of the SDK's thread is bounded and does not block: an unavailable Sentry does not
    delay the caller, and events that do not fit are lost and counted. The count is logged a minute
    after the first loss, by a timer that exists that long, and at the end of a flush. That
    Sentry accepted an envelope after them is logged, too: the outage is over.

    A child process may end at any time without its exit handlers: `os._exit`, or a signal of its
    pool. A capture waits there until Sentry has answered, a second at most, except in an event
    loop; while Sentry does not answer, only the first capture waits. After the flush at exit the
    same applies to the process itself.

    Upstream: getsentry/sentry-python#6164, open, for the fork: `_begin_in_child` can go with it.
    For the answers getsentry/sentry-python#2457, closed, names this subclass as the way: it stays.
    """

    TIMEOUT = 10
    """Seconds that the SDK's thread waits for an answer, while the queue fills."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options)
        self.statuses: OrderedDict[str, int] = OrderedDict()
        self.unsent: OrderedDict[str, None] = OrderedDict()
        """Ids of events that were lost or not yet answered, although their capture has ended."""
        self.confirms = False
        """Whether a capture waits for the answer."""
        self._reset_counts()
        os.register_at_fork(after_in_child=self._reset_in_child)
        at_end_of_child(self._end_child)

    def _reset_in_child(self) -> None:
        """Share nothing with the parent, which sends the events in its queue over its own sockets.

        The SDK would start the child's thread on the parent's queue, with locks and counts as they
        were at the fork: if a process forked while it sent, its children lost events.
        """
        self._worker = self._create_worker(self.options)
        self._pool = self._make_pool()
        self.confirms = True
        self._reset_counts()

    def _end_child(self) -> None:
        """Log the exception that ends a child, which Python only prints, and flush."""
        error = ending_error()
        if issubclass(type(error), Exception):
            _log.critical("uncaught_exception", exc_info=error)
        self.flush(_EXIT_FLUSH_S)

    def _reset_counts(self) -> None:
        """Count from zero; a child reports its own losses, and does not share its parent's lock."""
        self.lost: Counter[str] = Counter()
        self.outcomes = EventOutcomes()
        self._unreported: Counter[str] = Counter()
        self._is_out = False
        self._is_reached_again = False
        self._reporter: threading.Timer | None = None
        self._lock = threading.Lock()
        self._answered = threading.Condition()
        self._is_overdue = False

    def capture_envelope(self, envelope: Envelope) -> None:
        """Queue an envelope; where the process may end at once, wait until its event is sent."""
        event_id = _event_id(envelope)
        if event_id is not None:
            self.outcomes.capture(event_id)
        if event_id is not None and self._check_disabled("error"):
            for item in envelope.items:
                self.record_lost_event("ratelimit_backoff", item=item)
        else:
            super().capture_envelope(envelope)
        if event_id is None:
            return
        if not self._worker.is_alive:  # the interpreter is exiting, and starts no threads
            self._send_queued()
        elif (self.confirms or is_child()) and self._may_wait():
            self._confirm(event_id)

    def _send_queued(self) -> None:
        """Send the queued envelopes, in this thread."""
        queue = self._worker._queue  # type: ignore[attr-defined]
        while not queue.empty():
            queue.get_nowait()()
            queue.task_done()

    def _may_wait(self) -> bool:
        """Return whether waiting blocks neither an event loop nor the sending thread itself."""
        if threading.current_thread() is self._worker._thread:  # type: ignore[attr-defined]
            return False
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return True
        return False

    def _confirm(self, event_id: str) -> None:
        """Wait for the answer, unless an earlier one is overdue; report an unsent event."""

        def is_known() -> bool:
            return event_id in self.statuses or event_id in self.unsent

        with self._answered:
            known = self._answered.wait_for(is_known, 0 if self._is_overdue else CONFIRM_S)
            self._is_overdue = not known
        if not known:
            self._note_unsent(event_id)
            _log.warning("sentry_events_unconfirmed", event_id=event_id)
        elif event_id in self.unsent:
            self._report()

    def _note_unsent(self, event_id: str) -> None:
        with self._answered:
            _remember(self.unsent, event_id, None)
            self._answered.notify_all()

    def _handle_response(self, response: Any, envelope: Envelope | None) -> None:
        smaller = _smaller(envelope) if envelope and response.status in _REFUSED else None
        if smaller is not None and envelope is not None:
            for item in _attachments(envelope):
                self.record_lost_event("send_error", item=item)
            self._send_envelope(smaller)
            return
        event_id = envelope.headers.get("event_id") if envelope else None
        if event_id:
            self._note_answer(event_id, response.status)
        if response.status == 429 and envelope is not None:
            # Sentry itself has counted these, so the SDK does not report them back.
            for item in envelope.items:
                self._count(item.data_category, "rate_limited")
            if event_id:
                self.outcomes.drop(event_id, "rate_limited")
        super()._handle_response(response, envelope)
        if 200 <= response.status < 300:
            self._note_reached()

    def _note_reached(self) -> None:
        """Note the end of an outage; its line comes after that of the losses."""
        with self._lock:
            if not self._is_out:
                return
            self._is_out, self._is_reached_again = False, True
            is_reported = self._reporter is None
        if is_reported:
            self._report()

    def _note_answer(self, event_id: str, status: int) -> None:
        with self._answered:
            if 200 <= status < 300:
                self._is_overdue = False
                self.outcomes.accept(event_id)
            else:
                _remember(self.unsent, event_id, None)
            _remember(self.statuses, event_id, status)
            self._answered.notify_all()

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
        reason, is_intended = _REASONS.get(reason, reason), reason in _INTENDED_REASONS
        event = item.get_event() if item is not None else None
        if event is not None and "event_id" in event:
            self._note_unsent(event["event_id"])
            self.outcomes.drop(event["event_id"], reason)
        elif item is None and category == "error" and not is_intended:
            self.outcomes.drop_before_sending(reason)
        if not is_intended:
            self._count(category, reason, quantity)

    def _count(self, category: str, reason: str, quantity: int = 1) -> None:
        if category == _INTERNAL:
            return
        with self._lock:
            self.lost[f"{category}: {reason}"] += quantity
            self._unreported[f"{category}: {reason}"] += quantity
            if reason in _OUTAGE_REASONS:
                self._is_out, self._is_reached_again = True, False
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
        """Log the events lost since the last report, if any, and the end of an outage."""
        with self._lock:
            lost, self._unreported = self._unreported, Counter()
            reporter, self._reporter = self._reporter, None
            is_reached_again, self._is_reached_again = self._is_reached_again, False
        if reporter is not None:
            reporter.cancel()
        if lost:
            _log.warning("sentry_events_lost", lost=dict(lost))
        if is_reached_again:
            # A warning, as the losses are: a log without one of the two would mislead.
            _log.warning("sentry_reached_again")

    def flush(self, timeout: float, callback: Callable[[int, float], None] | None = None) -> None:
        """Wait as the SDK does; then log the events lost, and the number not sent in time."""
        super().flush(timeout, callback)
        waiting = self._worker._queue.unfinished_tasks  # type: ignore[attr-defined]
        if waiting:
            _log.warning("sentry_flush_timed_out", waiting=waiting, timeout_s=timeout)
        self._report()


def _remember(known: OrderedDict[str, Any], event_id: str, value: Any) -> None:
    known[event_id] = value
    while len(known) > _MAX_STATUSES:
        known.popitem(last=False)


def _event_id(envelope: Envelope) -> str | None:
    """Return the id of the error event in an envelope, None if there is none."""
    event = envelope.get_event()
    return event.get("event_id") if event else None


def _attachments(envelope: Envelope) -> list[Item]:
    return [item for item in envelope.items if item.type == "attachment"]


def _smaller(envelope: Envelope) -> Envelope | None:
    """Return the envelope without attachments or with a smaller event, None if neither helps."""
    event: Any = envelope.get_event()
    if event is None:
        return None
    items = [item for item in envelope.items if item.type != "attachment"]
    if _attachments(envelope):
        return Envelope(headers=envelope.headers, items=items)
    size = sum(len(item.get_bytes()) for item in items if item.type == "event")
    if size < _MIN_EVENT_BYTES:
        return None
    smaller = Envelope(headers=envelope.headers, items=[i for i in items if i.type != "event"])
    smaller.add_item(Item(PayloadRef(json=fit(event, size // _SMALLER)), type="event"))
    return smaller if len(smaller.items[-1].get_bytes()) < size else None
