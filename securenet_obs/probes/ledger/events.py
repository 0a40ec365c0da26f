"""Balance of error events: captured = accepted + dropped by reason + queued + missing."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from redis import Redis

from securenet_obs.probes.ledger.counts import name_slice, read_counts

UNANSWERED_KEY = "securenet:ledger:unanswered"
DROPPED_KEY = "securenet:ledger:dropped"

ALIVE_S = 15.0
"""Seconds after its last sign of life in which a process may still send its queue."""

MAX_QUEUE_S = 1_200.0
"""Seconds after which an event is no longer queued: 100 events, ten seconds each, and a margin."""

_DROPPED = "dropped: "


@dataclass(frozen=True)
class UnansweredEvent:
    """An event that Sentry has not answered, with the Unix seconds of its capture."""

    id: str
    service: str
    captured_at: float
    is_queued: bool
    """Whether its process is alive and may still send it."""


@dataclass(frozen=True)
class DroppedEvent:
    """An event that was dropped; `dropped_at` in Unix seconds."""

    id: str
    service: str
    reason: str
    dropped_at: float


@dataclass(frozen=True)
class EventBalance:
    """Outcomes of the error events that were captured in a period."""

    services: dict[str, Counter[str]]
    """Service -> `captured`, `accepted` and `dropped: REASON` -> number."""
    unanswered: list[UnansweredEvent]
    dropped: list[DroppedEvent]

    @property
    def missing(self) -> list[UnansweredEvent]:
        """Events that a process lost, or had not sent at its end."""
        return [event for event in self.unanswered if not event.is_queued]

    @property
    def missing_count(self) -> int:
        """Number of missing events, including those of which no id was recorded."""
        return sum(int(row["missing"]) for row in self.tabulate())

    def tabulate(self) -> list[dict[str, str | int]]:
        """Return a row for each service; `reasons` has the number of dropped events by reason."""
        return [self._row(service) for service in sorted(self.services)]

    def _row(self, service: str) -> dict[str, str | int]:
        counts = self.services[service]
        reasons = dict(_reasons(counts))
        dropped = sum(reasons.values())
        queued = sum(event.service == service for event in self.unanswered if event.is_queued)
        answered = counts["accepted"] + dropped
        captured = max(counts["captured"], answered + queued)
        return {
            "service": service,
            "captured": captured,
            "accepted": counts["accepted"],
            "dropped": dropped,
            "queued": queued,
            "missing": captured - answered - queued,
            "reasons": ", ".join(
                f"{reason} {number}" for reason, number in sorted(reasons.items())
            ),
        }


def read_events(results: Redis, since: float, until: float) -> EventBalance:
    """Return the balance of the events that were captured between two Unix times.

    The times are extended to whole slices of ten seconds.
    """
    first, last = name_slice(since), name_slice(until + 10)
    services: dict[str, Counter[str]] = {}
    for (_, service), counts in read_counts(results, "events", first, last).items():
        services.setdefault(service, Counter()).update(counts)
    unanswered = [
        event
        for event in _read_unanswered(results)
        if first <= name_slice(event.captured_at) < last and event.service in services
    ]
    unanswered.sort(key=lambda event: (event.captured_at, event.id))
    return EventBalance(services, unanswered, list(_read_dropped(results, since)))


def _reasons(counts: Counter[str]) -> Iterator[tuple[str, int]]:
    for outcome, number in counts.items():
        if outcome.startswith(_DROPPED):
            yield outcome.removeprefix(_DROPPED), number


def _read_unanswered(results: Redis) -> Iterator[UnansweredEvent]:
    answer: Any = results.time()
    now = answer[0] + answer[1] / 1e6
    stored: Any = results.hgetall(UNANSWERED_KEY)
    for event_id, text in stored.items():
        state = json.loads(text)
        captured_at = state["captured_at"]
        is_queued = now - state["alive_at"] < ALIVE_S and now - captured_at < MAX_QUEUE_S
        yield UnansweredEvent(event_id.decode(), state["service"], captured_at, is_queued)


def _read_dropped(results: Redis, since: float) -> Iterator[DroppedEvent]:
    records: Any = results.xrange(DROPPED_KEY, f"{round(since * 1e3)}")
    for number, fields in records:
        values = {name.decode(): value.decode() for name, value in fields.items()}
        dropped_at = int(number.partition(b"-")[0]) / 1e3
        yield DroppedEvent(values["id"], values["service"], values["reason"], dropped_at)
