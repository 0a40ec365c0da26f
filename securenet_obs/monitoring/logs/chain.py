"""Completes events and records to log lines: common fields, capture of errors, format, output."""

import logging
import sys
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from time import time_ns
from types import TracebackType
from typing import Any, TypeAlias

import orjson
import structlog

from securenet_obs.monitoring.correlation import merge_context
from securenet_obs.monitoring.foreign_objects import (
    is_exception,
    plain_text,
    text_of,
    traceback_of,
    type_name,
)
from securenet_obs.monitoring.logs.console import console_line
from securenet_obs.monitoring.logs.exceptions import exception_parts
from securenet_obs.monitoring.logs.fields import set_aside
from securenet_obs.monitoring.logs.json_line import json_line
from securenet_obs.monitoring.logs.message import Message, format_message
from securenet_obs.monitoring.logs.output.line_output import LineOutput
from securenet_obs.monitoring.logs.stdlib_records import record_event
from securenet_obs.monitoring.logs.values.json_values import Bounds, plain_event
from securenet_obs.monitoring.releases import release_of
from securenet_obs.monitoring.sentry.events.capture import (
    capture_error,
    capture_message,
    event_id_of,
)
from securenet_obs.redaction import redact
from securenet_obs.settings import Settings

Fields: TypeAlias = MutableMapping[str, Any]
_ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]

LEVELS = ("debug", "info", "warning", "error", "critical")
"""Levels of a line, least severe first."""

_RESERVED = frozenset(
    (
        *("timestamp", "level", "logger", "service", "environment", "release"),
        *("exception", "sentry_event_id", "sentry_failure", "truncated"),
    )
)
_CAPTURED_LEVELS = frozenset({"error", "critical"})

_YEAR_10000 = 253_402_300_800

_NAMES = Bounds(characters=256, items=10, depth=1)


_render_stack = structlog.processors.StackInfoRenderer(["securenet_obs.monitoring.logs"])


class Line:
    """A structlog logger that writes finished lines."""

    def __init__(self, output: LineOutput, name: str) -> None:
        self.name = name
        self.output = output
        self.msg = output.write


class Chain:
    """Completes an event and converts it to a line; never raises."""

    def __init__(self, settings: Settings, *, colors: bool = False) -> None:
        self._colors = colors
        self._process = {
            "service": settings.service_name,
            "environment": settings.environment,
            "release": release_of(settings, settings.service_name),
        }
        self._console = settings.log_format == "console"
        self._second = (-1, b"")
        self._names = lru_cache(maxsize=1024)(self._serialise_names)

    def native(self, logger: Line, level: str, event: Fields) -> bytes:
        """Convert an event of our own loggers to a line; first send an error to Sentry."""
        return self.line(
            merge_context(event), level=level, logger=logger.name, capture=level in _CAPTURED_LEVELS
        )

    def foreign(self, record: logging.LogRecord) -> bytes | None:
        """Convert a standard library log record to a line, None if another line has the same."""
        try:
            event = record_event(record)
            level = LEVELS[min(max(int.__floordiv__(record.levelno, 10) - 1, 0), 4)]
            name = text_of(record.name)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 a record's attributes are foreign
            return self._failure_line(error, "logging", record.msg)
        if event is None:
            return None
        return self.line(merge_context(event), level=level, logger=name, at=record.created)

    def line(
        self,
        event: Fields,
        *,
        level: str,
        logger: str,
        at: float | None = None,
        capture: bool = False,
    ) -> bytes:
        """Complete an event and return it as a line.

        Args:
            event: the fields; `exc_info` in it becomes structured frames, without locals.
            level: one of `LEVELS`.
            logger: name of the logger.
            at: time of the event in unix seconds; now by default.
            capture: whether the event is sent to Sentry.
        """
        try:
            return self._line(event, level, logger, at, capture)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 a log call must never raise into business code
            return self._failure_line(error, logger, event.get("event"))

    def _failure_line(self, error: BaseException, logger: str, lost: object) -> bytes:
        """Return the line that replaces one that could not be made, with the name of its event."""
        failure = {"event": "log_line_failed", "error": type_name(type(error)), "lost_event": lost}
        return b"%b%b\n" % (self._head("error", logger, None), _json_object(failure)[1:])

    def format_lost(self, count: int) -> bytes:
        """Return the line that reports the number of lines that could not be written."""
        event = {"event": "log_lines_lost", "count": count}
        return self.line(event, level="warning", logger=__name__)

    def _line(
        self, event: Fields, level: str, logger: str, at: float | None, capture: bool
    ) -> bytes:
        if not _RESERVED.isdisjoint(event):
            for name in _RESERVED & event.keys():
                set_aside(event, name)
        if "stack_info" in event:
            _add_stack(event)
        if "exc_info" in event:
            self._add_exception(event, level, logger, capture)
        elif capture:
            _capture(event, level, logger, None)
        if type(event.get("event")) is not str:
            event["event"] = format_message(event.get("event"), ())
        head = self._head(level, logger, at)
        if self._console:
            return console_line(json_line(event, head), colors=self._colors)
        return json_line(event, head)

    def _add_exception(self, event: Fields, level: str, logger: str, capture: bool) -> None:
        """Replace `exc_info` by structured frames, and add the id of the Sentry event."""
        exc_info = _exc_info(event.pop("exc_info"))
        if capture:
            _capture(event, level, logger, exc_info)
        elif exc_info is not None:
            _add_event_id(event, event_id_of, exc_info[1])
        if exc_info is not None:
            event["exception"] = exception_parts(exc_info[1], exc_info[2])

    def _head(self, level: str, logger: str, at: float | None) -> bytes:
        """Return the start of a line as JSON: timestamp, level, logger and process."""
        timestamp_us = time_ns() // 1000 if at is None else _microseconds(at)
        second, microseconds = divmod(timestamp_us, 1_000_000)
        cached, text = self._second
        if second != cached:
            text = (
                b'{"timestamp":"%b.' % datetime.fromtimestamp(second, UTC).isoformat()[:19].encode()
            )
            self._second = second, text
        return b'%b%06dZ",%b' % (text, microseconds, self._names(level, logger))

    def _serialise_names(self, level: str, logger: str) -> bytes:
        """Return the part of the head that many lines share (cached as `_names`)."""
        names = {"level": level, "logger": logger, **self._process}
        return _json_object(names)[1:-1] + b","


def _json_object(names: Fields) -> bytes:
    """Return short fields as a JSON object, secrets masked.

    Raises:
        RecursionError: the caller is so near the limit that only a text would be left.
    """
    redacted = redact(plain_event(names, _NAMES))
    if type(redacted) is not dict:
        raise RecursionError("No frames are left to redact a line.")
    return orjson.dumps(redacted)


def _microseconds(at: float) -> int:
    """Return the time of a record in microseconds; now, if it is not one before the year 10000."""
    if type(at) in (float, int) and 0 <= at < _YEAR_10000:
        return round(at * 1e6)
    return time_ns() // 1000


def _exc_info(value: Any) -> _ExcInfo | None:
    """Return the `exc_info` of a log call as a tuple, None without an exception."""
    if is_exception(value):
        return type(value), value, traceback_of(value)
    if type(value) is tuple and len(value) == 3 and is_exception(value[1]):
        trace = value[2] if type(value[2]) is TracebackType else None
        return type(value[1]), value[1], trace
    error = sys.exception() if _is_true(value) else None
    return None if error is None else (type(error), error, traceback_of(error))


def _is_true(value: object) -> bool:
    try:
        return bool(value)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 its truth is foreign code
        return True


def _add_stack(event: Fields) -> None:
    """Replace `stack_info` by the stack of the log call as text, in the field `stack`."""
    stack_info = event.pop("stack_info")
    if "stack" in event and stack_info is not None:
        set_aside(event, "stack")
    if issubclass(type(stack_info), str):
        event["stack"] = plain_text(stack_info)
    elif _is_true(stack_info):
        event["stack_info"] = True
        _render_stack(None, "", event)


def _capture(event: Fields, level: str, logger: str, exc_info: _ExcInfo | None) -> None:
    """Send an error to Sentry, and add the id of its event."""
    message = event.get("event")
    name = message.template if type(message) is Message else text_of(message)
    if exc_info is not None:
        _add_event_id(event, partial(capture_error, handled=True, name=name), exc_info[1])
        return
    severity = "fatal" if level == "critical" else level
    send = partial(capture_message, level=severity, logger=logger, name=name)
    _add_event_id(event, send, text_of(message))


def _add_event_id(event: Fields, find: Callable[[Any], str | None], error: object) -> None:
    """Add the id that `find` returns; if it raises, the name of its exception."""
    try:
        event_id = find(error)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as failure:  # noqa: BLE001 the line must not be lost with the event
        event["sentry_failure"] = type_name(type(failure))
        return
    if event_id is not None:
        event["sentry_event_id"] = event_id
