"""Changes of error events and traces: lost ids, stack traces, spans; sampling, scrubbing off."""

import itertools
from typing import Any


def send_unscrubbed() -> None:
    """Send events without our redaction and without the SDK's own list."""
    from sentry_sdk import data_collection

    from securenet_obs.monitoring.sentry.events import before_send

    data_collection._SENSITIVE_DENYLIST.clear()
    before_send.filter_sensitive_data = lambda event, hint: event


def drop_ids() -> None:
    """Send events without the ids of tenant, request and task."""
    from securenet_obs.monitoring.sentry.events import before_send

    before_send.current_ids = dict


def drop_stack_traces() -> None:
    """Send events with the exception's text only."""
    from securenet_obs.monitoring.sentry.events import before_send

    scrub = before_send.filter_sensitive_data

    def bare(event: Any, hint: Any) -> Any:
        scrubbed = scrub(event, hint)
        for exception in (scrubbed or {}).get("exception", {}).get("values", []):
            exception.pop("stacktrace", None)
        return scrubbed

    before_send.filter_sensitive_data = bare


def sample_errors() -> None:
    """Send every second error only, as a wrong sample rate does."""
    from securenet_obs.monitoring.sentry.events import before_send

    scrub = before_send.filter_sensitive_data
    counter = itertools.count()

    def sampled(event: Any, hint: Any) -> Any:
        is_error = "exception" in event
        return None if is_error and next(counter) % 2 else scrub(event, hint)

    before_send.filter_sensitive_data = sampled


def keep_ids() -> None:
    """Send tasks without the ids of their request and tenant."""
    from securenet_obs.monitoring import task_telemetry

    task_telemetry._send_ids = lambda **_: None


def keep_trace() -> None:
    """Send tasks without their trace."""
    from securenet_obs.monitoring.sentry import integrations

    integrations._BEAT_OPTIONS["propagate_traces"] = False


def forget_integration() -> None:
    """Trace without the SDK's integration of Celery."""
    from sentry_sdk.integrations.celery import CeleryIntegration

    from securenet_obs.monitoring.sentry import client

    chosen = client.integrations

    def others(**given: Any) -> list[Any]:
        return [each for each in chosen(**given) if not isinstance(each, CeleryIntegration)]

    client.integrations = others


def drop_spans() -> None:
    """Send transactions without their spans."""
    from securenet_obs.monitoring.sentry.events import before_send

    scrub = before_send.filter_sensitive_data

    def bare(event: Any, hint: Any) -> Any:
        return scrub({**event, "spans": []} if event.get("type") == "transaction" else event, hint)

    before_send.filter_sensitive_data = bare


def lose_transactions() -> None:
    """Store every item but transactions, in the relay."""
    from securenet_obs.stack.parts.relay import envelopes

    read = envelopes.read_envelope

    def losing(*given: Any) -> Any:
        contents = read(*given)
        contents.items = [item for item in contents.items if item.kind != "transaction"]
        return contents

    envelopes.read_envelope = losing


def forget_check_ins() -> None:
    """Send the entries of beat without check-ins."""
    from securenet_obs.monitoring.sentry import integrations

    integrations._BEAT_OPTIONS["monitor_beat_tasks"] = False
