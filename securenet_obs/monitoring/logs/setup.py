"""Configures a process's loggers, warnings and exception hooks: JSON lines, errors to Sentry.

All events pass through one chain. Our own loggers are structlog's and call it directly; the others
(uvicorn, celery, sqlalchemy) reach it by a handler on the root of the standard library's logging,
and warnings and uncaught exceptions by hooks.
"""

import logging
import sys
import threading
import warnings
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from time import time_ns
from types import TracebackType
from typing import Any, TypeAlias

import orjson
import structlog

from securenet_obs.monitoring.correlation import merge_context
from securenet_obs.monitoring.logs.bound_logger import bound_logger
from securenet_obs.monitoring.logs.exceptions import exception_parts
from securenet_obs.monitoring.logs.json_line import json_line
from securenet_obs.monitoring.logs.json_values import Bounds, to_plain
from securenet_obs.monitoring.logs.message import format_message
from securenet_obs.monitoring.logs.output import LineOutput, PrintedLines
from securenet_obs.monitoring.logs.stdlib_records import record_event
from securenet_obs.monitoring.sentry.client import capture_error, capture_message, event_id_of
from securenet_obs.redaction import redact
from securenet_obs.settings import Settings, get_settings

Fields: TypeAlias = MutableMapping[str, Any]
ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]

LEVELS = ("debug", "info", "warning", "error", "critical")
"""Levels of a line, least severe first."""

_RESERVED = frozenset({"timestamp", "level", "logger", "service", "environment", "release"})
_CAPTURED_LEVELS = frozenset({"error", "critical"})

# They would log each task with its arguments, as `task_started` and `task_succeeded` do without;
# celery.worker.strategy would do so in the parent, the one process that every task goes through.
_LOGGERS_FROM_WARNING = ("celery.app.trace", "celery.worker.strategy")

_NAMES = Bounds(characters=256, items=10, depth=1)


class _Line:
    """A structlog logger that writes finished lines."""

    def __init__(self, output: LineOutput, name: str) -> None:
        self.name = name
        self.msg = output.write


class Chain:
    """Completes an event and converts it to a line; never raises."""

    def __init__(self, settings: Settings) -> None:
        self._process = {
            "service": settings.service_name,
            "environment": settings.environment,
            "release": settings.sentry_release,
        }
        self._console = settings.log_format == "console"
        self._second = (-1, b"")
        self._names = lru_cache(maxsize=1024)(self._serialise_names)

    def native(self, logger: _Line, level: str, event: Fields) -> bytes:
        """Convert an event of our own loggers to a line; first send an error to Sentry."""
        return self.line(
            merge_context(event), level=level, logger=logger.name, capture=level in _CAPTURED_LEVELS
        )

    def foreign(self, record: logging.LogRecord) -> bytes | None:
        """Convert a standard library log record to a line, None if another line has the same."""
        try:
            event = record_event(record)
            level = LEVELS[min(max(record.levelno // 10 - 1, 0), 4)]
            name = str(record.name)
        except Exception as error:  # noqa: BLE001 a record's attributes are foreign
            return self._failure_line(error, "logging")
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
        except Exception as error:  # noqa: BLE001 a log call must never raise into business code
            return self._failure_line(error, logger)

    def _failure_line(self, error: Exception, logger: str) -> bytes:
        failure = {"event": "log_line_failed", "error": type(error).__name__}
        return b"%b%b\n" % (self._head("error", logger, None), orjson.dumps(failure)[1:])

    def format_lost(self, count: int) -> bytes:
        """Return the line that reports the number of lines that could not be written."""
        event = {"event": "log_lines_lost", "count": count}
        return self.line(event, level="warning", logger=__name__)

    def _line(
        self, event: Fields, level: str, logger: str, at: float | None, capture: bool
    ) -> bytes:
        if not _RESERVED.isdisjoint(event):
            for name in _RESERVED & event.keys():
                event[f"extra_{name}"] = event.pop(name)
        if "exc_info" in event:
            self._add_exception(event, level, logger, capture)
        elif capture:
            _send_to_sentry(event, level, logger, None)
        if type(event.get("event")) is not str:
            event["event"] = format_message(event.get("event"), ())
        head = self._head(level, logger, at)
        return _render_console(event, head) if self._console else json_line(event, head)

    def _add_exception(self, event: Fields, level: str, logger: str, capture: bool) -> None:
        """Replace `exc_info` by structured frames, and add the id of the Sentry event."""
        exc_info = _exc_info(event.pop("exc_info"))
        if capture:
            _send_to_sentry(event, level, logger, exc_info)
        if exc_info is not None:
            event["exception"] = exception_parts(exc_info[1], exc_info[2])
            event_id = event_id_of(exc_info[1])
            if event_id is not None:
                event["sentry_event_id"] = event_id

    def _head(self, level: str, logger: str, at: float | None) -> bytes:
        """Return the start of a line as JSON: timestamp, level, logger and process."""
        timestamp_us = time_ns() // 1000 if at is None else round(at * 1e6)
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
        return orjson.dumps(redact(to_plain(names, _NAMES)))[1:-1] + b","


def _exc_info(value: Any) -> ExcInfo | None:
    """Return the `exc_info` of a log call as a tuple, None without an exception."""
    if isinstance(value, BaseException):
        return type(value), value, value.__traceback__
    if isinstance(value, tuple) and len(value) == 3 and isinstance(value[1], BaseException):
        return value
    current = sys.exc_info() if value else (None, None, None)
    return (
        None if current[1] is None or current[0] is None else (current[0], current[1], current[2])
    )


def _send_to_sentry(event: Fields, level: str, logger: str, exc_info: ExcInfo | None) -> None:
    if exc_info is not None:
        capture_error(exc_info[1], handled=True)
        return
    severity = "fatal" if level == "critical" else level
    event_id = capture_message(str(event.get("event")), level=severity, logger=logger)
    if event_id is not None:
        event["sentry_event_id"] = event_id


def _render_console(event: Mapping[str, Any], head: bytes) -> bytes:
    """Return the event as structlog's coloured console line, also with secrets masked."""
    fields = orjson.loads(json_line(event, head))
    exception = fields.pop("exception", None)
    rendered = structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())(None, "", fields)
    frames = [
        f"\n  {frame['filename']}:{frame['lineno']} in {frame['name']}"
        for part in exception or []
        for frame in part["frames"]
    ]
    causes = [f"\n  {part['exc_type']}: {part['exc_value']}" for part in exception or []]
    return (str(rendered) + "".join(frames + causes) + "\n").encode(errors="backslashreplace")


class _ForeignHandler(logging.Handler):
    """Passes the records of the standard library's logging to the chain."""

    def __init__(self, chain: Chain, output: LineOutput) -> None:
        super().__init__()
        self._chain = chain
        self._output = output

    def handle(self, record: logging.LogRecord) -> bool:
        """Write the record without the handler's lock, since the output has its own."""
        line = self._chain.foreign(record)
        if line is not None:
            self._output.write(line)
        return True


def configure_structlog(
    settings: Settings | None = None, output: LineOutput | None = None, *, prints: bool = False
) -> None:
    """Configure every logger of this process to write JSON lines to stdout.

    Args:
        settings: level, format and the process's fields in every line; the environment's by
            default.
        output: destination of the lines, instead of stdout.
        prints: whether printed text becomes log lines too, as it should in a service.
    """
    settings = settings or get_settings()
    output = output or LineOutput()
    chain = Chain(settings)
    output.format_lost = chain.format_lost
    level = logging.getLevelNamesMapping()[settings.log_level]
    structlog.configure(
        processors=[chain.native],
        wrapper_class=bound_logger(level),
        logger_factory=lambda *names: _Line(output, str(names[0]) if names else "securenet"),
        cache_logger_on_first_use=True,
    )
    _replace_handlers(_ForeignHandler(chain, output), level)
    _install_hooks()
    if prints:
        sys.stdout, sys.stderr = PrintedLines("stdout", "info"), PrintedLines("stderr", "warning")


def _replace_handlers(handler: logging.Handler, level: int) -> None:
    """Make the root's handler the only one: others would write plain text beside it."""
    root = logging.getLogger()
    # A logger may have a lower level of its own, and its records would still reach the root.
    handler.setLevel(level)
    root.handlers = [handler]
    root.setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    for name in _LOGGERS_FROM_WARNING:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.raiseExceptions = False


def _install_hooks() -> None:
    """Log warnings, and uncaught exceptions in the interpreter, a thread or a destructor."""
    log = structlog.get_logger("securenet_obs.uncaught")

    def log_uncaught(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            log.warning("interrupted")
        else:
            log.critical("uncaught_exception", exc_info=(kind, error, trace))

    def log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread else None
        if args.exc_value is not None:
            log.error("uncaught_exception_in_thread", thread=name, exc_info=args.exc_value)

    def log_unraisable(args: Any) -> None:
        log.error("unraisable_exception", where=args.err_msg, exc_info=args.exc_value)

    def show_warning(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: object = None,
        line: object = None,
    ) -> None:
        location = {"category": category.__name__, "filename": filename, "lineno": lineno}
        text = " ".join(str(message).split())
        structlog.get_logger("py.warnings").warning(text, **location)

    warnings.showwarning = show_warning
    sys.excepthook = log_uncaught
    threading.excepthook = log_uncaught_in_thread
    sys.unraisablehook = log_unraisable
