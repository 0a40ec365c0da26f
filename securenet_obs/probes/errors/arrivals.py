"""Reads back the events of provoked errors; tabulates which have arrived."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from securenet_obs.errors import NotFoundError
from securenet_obs.probes.errors.events import ErrorEvent, ErrorEvents


@dataclass(frozen=True)
class Arrival:
    """An error that was raised at a place, and its event if one arrived."""

    place: str
    event: ErrorEvent | None
    problem: str = ""

    @property
    def url(self) -> str:
        """Address of the event in the dashboard; empty without one."""
        return self.event.url if self.event else ""


def read_back_events(
    events: ErrorEvents, raised: Iterable[tuple[str, str | None]], deadline_s: float
) -> list[Arrival]:
    """Find the event of each error by its id, waiting up to `deadline_s` seconds for each.

    Args:
        events: the backend to look in.
        raised: place and event id of each error; no id (None) if nothing captured it.
        deadline_s: seconds to wait for each.

    Raises:
        ForbiddenError: the backend refuses to be read.
        UnreachableError: the backend does not answer; a missing event is not an error.
    """
    return [_find_arrival(events, place, event_id, deadline_s) for place, event_id in raised]


def _find_arrival(
    events: ErrorEvents, place: str, event_id: str | None, deadline_s: float
) -> Arrival:
    try:
        event = events.find(event_id or "", deadline_s)
    except NotFoundError as error:
        return Arrival(place, None, str(error))
    return Arrival(place, event)


def tabulate_arrivals(arrivals: Sequence[Arrival]) -> pd.DataFrame:
    """Return a row per error: its place, whether it arrived, and the main fields of its event."""
    return pd.DataFrame([_build_row(arrival) for arrival in arrivals])


def _build_row(arrival: Arrival) -> dict[str, object]:
    event = arrival.event
    if event is None:
        return {"raised in": arrival.place, "arrived": False}
    return {
        "raised in": arrival.place,
        "arrived": True,
        "environment": event.environment,
        "release": event.release,
        "tenant": event.tags.get("tenant_id"),
        "innermost frame": event.frames[-1]["function"] if event.frames else None,
        "event": event.url or None,
    }
