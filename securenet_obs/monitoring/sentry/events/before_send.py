"""Hooks of Sentry's SDK that complete, mask and cut events and transactions, and convert keys."""

from collections.abc import Callable
from typing import Any

from securenet_obs.monitoring.correlation import current_ids
from securenet_obs.monitoring.sentry.delivery.event_limits import fit
from securenet_obs.monitoring.sentry.events.capture import can_send_events, store_event_id
from securenet_obs.monitoring.sentry.events.grouping import NAME, fingerprint_of
from securenet_obs.monitoring.sentry.events.runbook_hint import runbook_context
from securenet_obs.monitoring.sentry.events.scrubbing import Event, Hint, filter_sensitive_data
from securenet_obs.monitoring.sentry.events.text_keys import with_text_keys

_FREE_PARTS = ("tags", "extra", "contexts", "breadcrumbs", "user", "request")
"""Parts of an event that contain values of the service's code."""


def before_send(event: Event, hint: Hint) -> Event | None:
    """Return the completed event without secrets, None if it cannot be scrubbed."""
    if event.get("type") == "check_in":
        return filter_sensitive_data(event, hint)
    for complete in (_add_tags, _add_runbook, _add_fingerprint):
        event = _attempt(complete, event, hint)
    scrubbed = filter_sensitive_data(event, hint)
    if scrubbed is None:
        return None
    if "exc_info" in hint and can_send_events():
        store_event_id(hint["exc_info"][1], str(event["event_id"]))
    return _attempt(_fit, scrubbed, hint)


def before_send_transaction(event: Event, hint: Hint) -> Event | None:
    """Return the transaction without secrets, cut to the size that is stored."""
    scrubbed = filter_sensitive_data(event, hint)
    return None if scrubbed is None else _attempt(_fit, scrubbed, hint)


def rename_keys(event: Event, hint: Hint) -> Event:
    """Return the event with texts as the keys of its mappings, before the SDK serialises it."""
    for name in _FREE_PARTS:
        if name in event:
            event[name] = with_text_keys(event[name])
    return event


def _attempt(complete: Callable[[Event, Hint], Event], event: Event, hint: Hint) -> Event:
    """Return the completed event, or the event itself: one value must not cost the event."""
    try:
        return complete(event, hint)
    except Exception:  # noqa: BLE001 an event's values are foreign
        return event


def _add_tags(event: Event, hint: Hint) -> Event:
    """Return the event with tags for the bound ids; they are the first ones, see `_add_runbook`."""
    own_tags = event.get("tags")
    tags: dict[str, Any] = dict(current_ids())
    others = own_tags if isinstance(own_tags, dict) else {}
    service = {"service": others["service"]} if "service" in others else {}
    return {**event, "tags": {**service, **tags, **{k: others[k] for k in others if k not in tags}}}


def _add_runbook(event: Event, hint: Hint) -> Event:
    """Return the event with its runbook as context, and its name as the first tag.

    Backends keep a limited number of tags.
    """
    context = runbook_context(event)
    if context is None:
        return event
    contexts, tags = event.get("contexts"), event.get("tags")
    return {
        **event,
        "contexts": {**(contexts if isinstance(contexts, dict) else {}), "runbook": context},
        "tags": {"runbook": context["name"], **(tags if isinstance(tags, dict) else {})},
    }


def _add_fingerprint(event: Event, hint: Hint) -> Event:
    """Return the event with a fingerprint, unless the service has set one."""
    fingerprint = event.get("fingerprint") or fingerprint_of(event, hint.get(NAME))
    return {**event, "fingerprint": fingerprint} if fingerprint else event


def _fit(event: Event, hint: Hint) -> Event:
    return fit(event)
