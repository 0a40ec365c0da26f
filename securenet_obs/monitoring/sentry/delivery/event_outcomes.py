"""Outcomes of a process's error events: captured, then accepted, dropped, or not yet answered."""

import threading
import time
from collections import Counter, OrderedDict
from typing import NamedTuple

from securenet_obs.monitoring.slices import MAX_SLICES, Counts, name_slice

CAPTURED, ACCEPTED, DROPPED = "captured", "accepted", "dropped: "
"""Outcomes; the reason follows the last."""

_MAX_IDS = 1_000


class EventIncrements(NamedTuple):
    """Outcomes since they were last taken; those of an event count in the slice of its capture.

    Of ids there are at most 1,000 of each kind; the counts are complete.
    """

    counts: Counts
    dropped: list[tuple[str, str]]
    """Id and reason of dropped events."""
    unanswered: dict[str, float]
    """Id of each event without an answer -> Unix seconds of its capture."""
    answered: list[str]
    """Ids that were unanswered the last time."""


class EventOutcomes:
    """Outcomes of the events of one process; a forked child needs its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._unanswered: OrderedDict[str, float] = OrderedDict()
        self._taken_unanswered: set[str] = set()
        self._dropped: list[tuple[str, str]] = []

    def capture(self, event_id: str) -> None:
        """Count a captured event."""
        now = time.time()
        with self._lock:
            self._unanswered[event_id] = now
            if len(self._unanswered) > _MAX_IDS:
                self._unanswered.popitem(last=False)
            self._count(now, CAPTURED)

    def accept(self, event_id: str) -> None:
        """Count an event that Sentry has accepted."""
        self._answer(event_id, ACCEPTED)

    def drop(self, event_id: str, reason: str) -> None:
        """Count an event that was dropped; only the first reason counts."""
        self._answer(event_id, f"{DROPPED}{reason}", (event_id, reason))

    def drop_before_sending(self, reason: str) -> None:
        """Count an event that was dropped before it was given to the transport."""
        now = time.time()
        with self._lock:
            self._count(now, CAPTURED)
            self._count(now, f"{DROPPED}{reason}")

    def take(self) -> EventIncrements:
        """Return the outcomes since the last call."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            dropped, self._dropped = self._dropped, []
            unanswered = dict(self._unanswered)
            answered = sorted(self._taken_unanswered - unanswered.keys())
            self._taken_unanswered = set(unanswered)
        return EventIncrements(dict(counts), dropped, unanswered, answered)

    def _answer(self, event_id: str, outcome: str, dropped: tuple[str, str] | None = None) -> None:
        with self._lock:
            captured_at = self._unanswered.pop(event_id, None)
            if captured_at is None:
                return
            self._count(captured_at, outcome)
            if dropped is not None and len(self._dropped) < _MAX_IDS:
                self._dropped.append(dropped)

    def _count(self, at: float, outcome: str) -> None:
        self._counts[name_slice(at), outcome] += 1
        if len(self._counts) > MAX_SLICES:  # nothing takes the counts of this process
            del self._counts[next(iter(self._counts))]
