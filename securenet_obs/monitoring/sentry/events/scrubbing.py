"""Masks the secrets of events and breadcrumbs; drops and counts those that cannot be scrubbed."""

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias

from securenet_obs.redaction import redact

Event: TypeAlias = Any
Hint: TypeAlias = dict[str, Any]

scrub_failures: Counter[str] = Counter()
"""Number of events that could not be scrubbed and were dropped, by type of event."""


def filter_sensitive_data(event: Event, hint: Hint) -> Event | None:
    """Return `event` with every secret masked, or None, which drops and counts the event.

    Never raise: an event that cannot be scrubbed must not be sent.
    """
    return _scrub(event, _redact_parts)


def scrub_breadcrumb(breadcrumb: Event, hint: Hint) -> Event | None:
    """Return a breadcrumb with every secret masked, or None, which drops and counts it.

    Redis commands are dropped, uncounted: each request and task sends the same ones, and masking
    them took a tenth of the time to send a task.
    """
    if isinstance(breadcrumb, dict) and breadcrumb.get("category") == "redis":
        return None
    return _scrub(breadcrumb, redact)


def _scrub(event: Event, redact_event: Callable[[Event], Any]) -> Event | None:
    try:
        scrubbed = redact_event(event)
    except Exception:  # noqa: BLE001 after any error, an unscrubbed event must not be sent
        scrubbed = None
    if not isinstance(scrubbed, dict):
        scrub_failures[_event_type(event)] += 1
        return None
    return scrubbed


def _redact_parts(event: Event) -> Event:
    """Redact part by part, so that a secret's name in a header does not make frames be searched."""
    scrubbed: Event = {}
    for name, part in _drop_arguments(event).items():
        scrubbed |= redact({name: part})
    return scrubbed


def _drop_arguments(event: Event) -> Event:
    """Drop a log record's arguments: without their text, `hunter2` is not recognised as a secret.

    The event also has the formatted text, as `formatted`.
    """
    entry = event.get("logentry")
    if not isinstance(entry, dict) or "params" not in entry:
        return event
    return {**event, "logentry": {name: entry[name] for name in entry if name != "params"}}


def _event_type(event: Event) -> str:
    return str(event.get("type") or "error") if isinstance(event, dict) else type(event).__name__
