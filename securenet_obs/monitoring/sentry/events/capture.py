"""Captures exceptions, once each, and log messages; stores and returns the ids of their events."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sentry_sdk

from securenet_obs.errors import DiagnosticError
from securenet_obs.monitoring.correlation import current_ids
from securenet_obs.monitoring.foreign_objects import (
    is_exception,
    own_attribute,
    set_own_attribute,
)
from securenet_obs.monitoring.sentry.delivery.transport import CountingTransport
from securenet_obs.monitoring.sentry.events.exceptions.conversion import (
    exc_info_of,
    exception_values,
)
from securenet_obs.monitoring.sentry.events.grouping import NAME

_EVENT_ATTRIBUTE = "__securenet_event__"

_UNSENT = ""
"""Stored instead of an id: what dropped the event would drop the next one, too."""


def capture_error(
    error: BaseException, *, handled: bool = False, name: str | None = None
) -> str | None:
    """Send an exception once: a second call returns the result of the first.

    Args:
        error: the exception; none of its own attributes is read.
        handled: whether the code that captures it also handles it.
        name: name of the log event that reports it; events are grouped by it.

    Returns:
        The event's id, None if nothing is sent.
    """
    earlier = _stored_id(error)
    if earlier is not None:
        return earlier or None
    if not can_send_events() or not is_exception(error):
        return None
    mechanism = {"type": "securenet", "handled": handled}
    return send({"level": "error"}, error, name=name, mechanism=mechanism)


def capture_message(
    message: str, *, level: str, logger: str, name: str | None = None
) -> str | None:
    """Send an error that was logged without an exception; return the event's id, None if unsent.

    Args:
        message: text of the log line.
        level: level of the event.
        logger: name of the logger.
        name: name of the log event, or the template of its message; events are grouped by it.
    """
    if not can_send_events():
        return None
    event = {"level": level, "logger": logger, "logentry": {"message": message}}
    return send(event, name=name or message)


def send(
    event: Any,
    error: BaseException | None = None,
    *,
    name: str | None = None,
    mechanism: dict[str, Any] | None = None,
) -> str | None:
    """Send an event, with its exception if there is one; return its id, None if it is not sent."""
    hint: dict[str, Any] = {NAME: name}
    try:
        if error is not None:
            exc_info = exc_info_of(error)
            event["exception"] = {"values": exception_values(exc_info, mechanism=mechanism)}
            hint["exc_info"] = exc_info
        event_id = sentry_sdk.capture_event(event, hint=hint)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 a capture must never raise into business code
        _count_failure()
        return None
    if event_id is not None and _is_unsent(event_id):
        if error is not None:
            store_event_id(error, _UNSENT)
        return None
    return event_id


def _count_failure() -> None:
    transport = sentry_sdk.get_client().transport
    if transport is not None:
        transport.record_lost_event("capture_failed", data_category="error")


def _is_unsent(event_id: str) -> bool:
    transport = sentry_sdk.get_client().transport
    return isinstance(transport, CountingTransport) and event_id in transport.unsent


def can_send_events() -> bool:
    """Return whether events can be sent; without a DSN the SDK seems active, too."""
    return sentry_sdk.get_client().transport is not None


def drop_duplicate(event: Any, hint: dict[str, Any]) -> Any:
    """Drop an event of an exception that was sent before; the SDK remembers only the last one."""
    return None if "exc_info" in hint and event_id_of(hint["exc_info"][1]) else event


def store_event_id(error: BaseException, event_id: str) -> None:
    """Store the event's id on the exception itself."""
    set_own_attribute(error, _EVENT_ATTRIBUTE, (_request_and_task(), event_id))


def event_id_of(error: BaseException | None) -> str | None:
    """Return the id of this exception's Sentry event, None if it was not sent yet.

    An exception object that is raised again in another request or task is sent again.
    """
    return _stored_id(error) or None


def _stored_id(error: BaseException | None) -> str | None:
    """Return the id of this exception's event, empty if it was dropped, None before its capture."""
    stored = own_attribute(error, _EVENT_ATTRIBUTE) if is_exception(error) else None
    if type(stored) is not tuple or len(stored) != 2:
        return None
    captured_in, event_id = stored
    return event_id if captured_in == _request_and_task() else None


def _request_and_task() -> tuple[str | None, str | None]:
    ids = current_ids()
    return ids.get("request_id"), ids.get("task_id")


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
