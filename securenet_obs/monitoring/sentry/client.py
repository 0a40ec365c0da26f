"""Sets up Sentry's SDK; captures errors once, adds ids and runbook, masks secrets in events."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import sentry_sdk
import structlog
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.utils import event_from_exception
from sentry_sdk.utils import logger as sdk_logger

from securenet_obs import __version__
from securenet_obs.errors import DiagnosticError, SettingsError
from securenet_obs.monitoring.correlation import current_ids
from securenet_obs.monitoring.sentry.integrations import DISABLED_INTEGRATIONS, integrations
from securenet_obs.monitoring.sentry.runbook_hint import runbook_for
from securenet_obs.monitoring.sentry.sampling import traces_sampler
from securenet_obs.monitoring.sentry.transport import CountingTransport
from securenet_obs.redaction import redact

Event: TypeAlias = Any
Hint: TypeAlias = dict[str, Any]

PRODUCTION = frozenset({"production", "prod"})
"""Environments that may not run without Sentry."""

scrub_failures: Counter[str] = Counter()
"""Number of events that could not be scrubbed and were dropped, by type of event."""

_EVENT_ATTRIBUTE = "__securenet_event__"

# The SDK collects no body, cookie, query, local variable, SQL literal or task argument. It collects
# no lines of source either: a frame names its file, line and function, and reading the file again
# for each frame took longer than all the rest of a failing request.
_DATA_COLLECTION: Any = {
    "user_info": False,
    "cookies": {"mode": "off"},
    "http_headers": {"request": {"mode": "denylist"}},
    "http_bodies": [],
    "url_query_params": {"mode": "off"},
    "graphql": {"document": False, "variables": False},
    "gen_ai": {"inputs": False, "outputs": False},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
    "frame_context_lines": 0,
}

_log = structlog.get_logger(__name__)


def init_sentry(
    dsn: str,
    environment: str,
    *,
    release: str = f"securenet@{__version__}",
    service: str = "securenet",
    traces_sample_rate: float = 0.0,
    traces_rates: Mapping[str, float] | None = None,
) -> None:
    """Set up Sentry for this process: its errors are sent, without secrets.

    Args:
        dsn: destination of events; if it is empty, nothing is sent and a warning is logged.
        environment: name of the deployment.
        release: name of the deployed release, on every event.
        service: name of this process, a tag on every event.
        traces_sample_rate: rate of requests and tasks that are traced, 0 to 1; it does not apply to
            errors, which are all sent.
        traces_rates: other rates for some operations; see `traces_sampler`.

    Raises:
        SettingsError: the DSN cannot be used, or is empty in production.
    """
    if not dsn and environment.lower() in PRODUCTION:
        raise SettingsError(
            f"SENTRY_DSN: it is empty, and ENVIRONMENT is {environment}: errors would be lost. "
            "Set the project's DSN."
        )
    sampler = traces_sampler(traces_sample_rate, traces_rates or {})
    try:
        sentry_sdk.init(
            dsn=dsn,
            environment=environment,
            release=release,
            traces_sampler=sampler,
            integrations=integrations(traced=sampler is not None),
            auto_enabling_integrations=False,
            disabled_integrations=DISABLED_INTEGRATIONS,
            transport=CountingTransport if dsn else None,
            data_collection=_DATA_COLLECTION,
            before_send=_before_send,
            before_send_transaction=filter_sensitive_data,
            before_breadcrumb=_scrub_breadcrumb,
        )
    except sentry_sdk.utils.BadDsn as error:
        raise SettingsError(f"SENTRY_DSN: it is not a valid DSN: {error}.") from None
    scope = sentry_sdk.get_global_scope()
    scope.set_tag("service", service)
    scope.add_event_processor(_drop_duplicate)
    # Its records contain the arguments of the task that was received last.
    ignore_logger("celery.worker.strategy")
    if not sentry_sdk.get_client().options["debug"]:
        # At level debug it builds a record of every task, with a description, and discards it.
        sdk_logger.setLevel(logging.INFO)
    if not dsn:
        _log.warning("sentry_disabled", reason="SENTRY_DSN is empty, errors are only logged")


def filter_sensitive_data(event: Event, hint: Hint) -> Event | None:
    """Return `event` with every secret masked, or None, which drops and counts the event.

    Never raise: an event that cannot be scrubbed must not be sent.
    """
    return _scrub(event, _redact_parts)


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


def _before_send(event: Event, hint: Hint) -> Event | None:
    scrubbed = filter_sensitive_data(
        event if event.get("type") == "check_in" else _add_tags(event), hint
    )
    if scrubbed is not None and "exc_info" in hint and can_send_events():
        _store_event_id(hint["exc_info"][1], str(event["event_id"]))
    return scrubbed


def _add_tags(event: Event) -> Event:
    """Return the event with tags for the bound ids and for the matching runbook."""
    own_tags = event.get("tags")
    tags = {**(own_tags if isinstance(own_tags, dict) else {}), **current_ids()}
    runbook = runbook_for(event)
    return {**event, "tags": tags | {"runbook": runbook} if runbook else tags}


def _scrub_breadcrumb(breadcrumb: Event, hint: Hint) -> Event | None:
    return _scrub(breadcrumb, redact)


def _drop_duplicate(event: Event, hint: Hint) -> Event | None:
    """Drop an event of an exception that was sent before; the SDK remembers only the last one."""
    return None if "exc_info" in hint and event_id_of(hint["exc_info"][1]) else event


def _store_event_id(error: BaseException, event_id: str) -> None:
    """Store the event's id on the exception itself; an exception with slots cannot store it."""
    try:
        setattr(error, _EVENT_ATTRIBUTE, (_request_and_task(), event_id))
    except AttributeError:
        return


def event_id_of(error: BaseException | None) -> str | None:
    """Return the id of this exception's Sentry event, None if it was not sent yet.

    An exception object that is raised again in another request or task is sent again.
    """
    captured_in, event_id = getattr(error, _EVENT_ATTRIBUTE, (None, None))
    return event_id if captured_in == _request_and_task() else None


def _request_and_task() -> tuple[str | None, str | None]:
    ids = current_ids()
    return ids.get("request_id"), ids.get("task_id")


def capture_error(error: BaseException, *, handled: bool = False) -> str | None:
    """Send an exception once: a second call returns the event id of the first.

    Returns:
        The event's id, None if nothing is sent.
    """
    earlier = event_id_of(error)
    if earlier is not None:
        return earlier
    if not can_send_events():
        return None
    event, hint = event_from_exception(
        error,
        client_options=sentry_sdk.get_client().options,
        mechanism={"type": "securenet", "handled": handled},
    )
    return sentry_sdk.capture_event(event, hint=hint)


def can_send_events() -> bool:
    """Return whether events can be sent; without a DSN the SDK seems active, too."""
    return sentry_sdk.get_client().transport is not None


def capture_message(message: str, *, level: str, logger: str) -> str | None:
    """Send an error that was logged without an exception; return the event's id, None if unsent."""
    if not can_send_events():
        return None
    event: Event = {"level": level, "logger": logger, "logentry": {"message": message}}
    return sentry_sdk.capture_event(event)


def flush_sentry(timeout_s: float = 2.0) -> None:
    """Wait until captured events are sent, `timeout_s` seconds at most."""
    sentry_sdk.flush(timeout_s)


def delivery_status(event_id: str) -> int | None:
    """Return the HTTP status of Sentry's answer to this event, None until it has answered."""
    transport = sentry_sdk.get_client().transport
    return transport.statuses.get(event_id) if isinstance(transport, CountingTransport) else None


def lost_events() -> dict[str, int]:
    """Return the number of events that this process lost, by category and reason."""
    transport = sentry_sdk.get_client().transport
    return dict(transport.lost) if isinstance(transport, CountingTransport) else {}


@dataclass
class ErrorReport:
    """Sentry event of an exception that was raised in a `report_errors` block."""

    event_id: str | None = None


@contextmanager
def report_errors() -> Iterator[ErrorReport]:
    """Capture an exception of the block, which a notebook's cell does not do by itself.

    A `DiagnosticError` is suppressed; every other exception is raised again after its capture.
    """
    report = ErrorReport()
    try:
        yield report
    except DiagnosticError as error:
        report.event_id = capture_error(error)
    except Exception as error:
        report.event_id = capture_error(error)
        raise
