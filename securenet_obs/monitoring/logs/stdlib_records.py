"""Converts standard library log records to events; drops duplicates and data that may leak."""

import logging
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from structlog.contextvars import get_contextvars

from securenet_obs.monitoring.logs.access_records import (
    access_event,
    is_server,
    server_event,
    without_query,
)
from securenet_obs.monitoring.logs.fields import set_aside
from securenet_obs.monitoring.logs.message import format_message

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}

_OWN = frozenset({"event", "exc_info", "stack_info"})

# Celery logs a task's outcome with its return value and arguments; our own events `task_succeeded`,
# `task_failed` and `task_retried` report the same without them.
_DUPLICATE_LOGGERS = frozenset({"celery.app.trace"})

# The format of `logging.captureWarnings`, which Celery calls: a warning, with its source below.
_WARNING = re.compile(
    r"(?P<filename>.+?):(?P<lineno>\d+): (?P<category>\w+): (?P<text>.*?)(?:\n  .*)?", re.DOTALL
)


def record_event(record: logging.LogRecord) -> dict[str, Any] | None:
    """Return the record as an event, None if another line reports the same."""
    convert = _converter(record.name) if type(record.name) is str else _event
    return convert(record)


@lru_cache(maxsize=1024)
def _converter(logger: str) -> Callable[[logging.LogRecord], dict[str, Any] | None]:
    """Return the function that converts the records of a logger."""
    if logger == "py.warnings":
        return _warning
    if is_server(logger):
        return _server_event
    return _task_event if logger.startswith("celery") else _event


def _server_event(record: logging.LogRecord) -> dict[str, Any] | None:
    access = access_event(record.name, record.args)
    if access is None:
        return server_event(_event(record))
    # Within a request, our own event `request_finished` has more fields.
    return None if "request_id" in get_contextvars() else access


def _event(record: logging.LogRecord) -> dict[str, Any]:
    extras = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    if not _OWN.isdisjoint(extras):
        for own in _OWN & extras.keys():
            set_aside(extras, own)
    message = format_message(record.msg, record.args)
    if "?" in message:
        message = without_query(message)
    event = {"event": message, "exc_info": record.exc_info, **extras}
    if record.stack_info is not None:
        event["stack_info"] = record.stack_info
    return event


def _task_event(record: logging.LogRecord) -> dict[str, Any] | None:
    """Return a record of Celery as an event, without the arguments and results of a task."""
    event = _event(record)
    task = event.pop("data", None)
    if record.name in _DUPLICATE_LOGGERS and record.levelno <= logging.ERROR and task:
        return None
    if isinstance(task, dict) and "id" in task:
        event |= {"task_id": task["id"], "task": task.get("name")}
    return event


def _warning(record: logging.LogRecord) -> dict[str, Any]:
    """Return a captured warning with the same fields as every other warning."""
    text = format_message(record.msg, record.args).rstrip()
    match = _WARNING.fullmatch(text)
    if match is None:
        return {"event": text}
    location = {"category": match["category"], "filename": match["filename"]}
    return {"event": " ".join(match["text"].split()), "lineno": int(match["lineno"]), **location}
