"""Reads back the errors a validation raised, and tables what arrived of each."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from securenet_obs.errors import NotFoundError
from securenet_obs.probes.events import ErrorEvent, ErrorEvents


@dataclass(frozen=True)
class Arrival:
    """An error that was raised somewhere, and the event that arrived of it, if one did."""

    place: str
    event: ErrorEvent | None
    problem: str = ""


def new_canary() -> str:
    """Return a marker that nobody has used before."""
    return f"canary-{secrets.token_hex(8)}"


def new_secret() -> str:
    """Return a harmless text that stands for a password, and that nobody has used before."""
    return f"hush{secrets.token_hex(12)}"


def read_back(
    events: ErrorEvents, raised: Iterable[tuple[str, str | None]], deadline_s: float
) -> list[Arrival]:
    """Look for each error by its event id, for up to `deadline_s` seconds each.

    Args:
        events: the backend to look in.
        raised: place and event id of each error; None is an error that nothing captured.
        deadline_s: seconds to wait for each.

    Raises:
        ForbiddenError: the backend refuses to be read.
        UnreachableError: the backend does not answer; one that is missing an event does.
    """
    return [_arrival(events, place, event_id, deadline_s) for place, event_id in raised]


def _arrival(events: ErrorEvents, place: str, event_id: str | None, deadline_s: float) -> Arrival:
    try:
        event = events.find(event_id or "", deadline_s)
    except NotFoundError as error:
        return Arrival(place, None, str(error))
    return Arrival(place, event)


def arrival_table(arrivals: Sequence[Arrival]) -> pd.DataFrame:
    """Return a row per error: where it was raised, whether it arrived, and what its event says."""
    return pd.DataFrame([_row(arrival) for arrival in arrivals])


def _row(arrival: Arrival) -> dict[str, object]:
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
    }
