"""Sentry's logging integration: errors become events, records from level info breadcrumbs."""

import logging
from typing import Any

from sentry_sdk.integrations.logging import BreadcrumbHandler, EventHandler, LoggingIntegration

from securenet_obs.monitoring.foreign_objects import is_exception, plain_text, text_of
from securenet_obs.monitoring.sentry.events.capture import can_send_events, send

_MECHANISM = {"type": "logging", "handled": True}


class RecordIntegration(LoggingIntegration):
    """The SDK's integration of logging, with handlers that lose no record to one of its values.

    Upstream: no issue known (searched 2026-11-26). It can go when the SDK sends a record with
    arguments that do not match its message, or with an exception that cannot be formatted.
    """

    def __init__(self) -> None:
        super().__init__(sentry_logs_level=None)
        self._handler = _RecordEvents(level=logging.ERROR)
        self._breadcrumb_handler = _RecordBreadcrumbs(level=logging.INFO)


class _RecordEvents(EventHandler):
    """Sends an event for each record; events are grouped by the template of their message.

    Upstream: as `RecordIntegration`; it can go with it.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Send an event."""
        try:
            self._emit(record)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001 a record's attributes are foreign
            send({"level": "error", "logger": text_of(record.name), "message": "unreadable record"})

    def _emit(self, record: logging.LogRecord) -> None:
        if not can_send_events() or not self._can_record(record):
            return
        template = _template(record)
        extra = dict(self._extra_from_record(record))
        if record.stack_info:
            extra["stack_info"] = record.stack_info
        event = {
            "level": self._logging_to_event_level(record),
            "logger": record.name,
            "logentry": {"message": template, "formatted": _message(record)},
            "extra": extra,
        }
        send(event, _error(record), name=template, mechanism=_MECHANISM)


class _RecordBreadcrumbs(BreadcrumbHandler):
    """Adds a breadcrumb for each record.

    Upstream: as `RecordIntegration`; it can go with it.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Set the record's message; its exception is not part of a breadcrumb."""
        record.message = _message(record)
        return record.message


def _template(record: logging.LogRecord) -> str:
    message: Any = record.msg
    return plain_text(message) if isinstance(message, str) else text_of(message)


def _message(record: logging.LogRecord) -> str:
    """Return the record's text; the template alone if the arguments do not match it.

    Arguments that are merely appended would not be recognised as secrets.
    """
    try:
        return plain_text(record.getMessage())
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 arguments format themselves, and may raise anything
        return _template(record)


def _error(record: logging.LogRecord) -> BaseException | None:
    exc_info: Any = record.exc_info
    error = exc_info[1] if isinstance(exc_info, tuple) and len(exc_info) == 3 else None
    return error if is_exception(error) else None
