"""Converts standard library log records to events; drops duplicates and data that may leak."""

import logging
import re
from typing import Any

from structlog.contextvars import get_contextvars

from securenet_obs.monitoring.logs.message import format_message

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}

# Celery logs a task's outcome with its return value and arguments; our own events `task_succeeded`,
# `task_failed` and `task_retried` report the same without them.
_DUPLICATE_LOGGERS = frozenset({"celery.app.trace"})

# The format of `logging.captureWarnings`, which Celery calls: a warning, with its source below.
_WARNING = re.compile(
    r"(?P<filename>.+?):(?P<lineno>\d+): (?P<category>\w+): (?P<text>.*?)(?:\n  .*)?", re.DOTALL
)


def record_event(record: logging.LogRecord) -> dict[str, Any] | None:
    """Return the record as an event, None if another line reports the same."""
    if record.name == "uvicorn.access":
        # Within a request, our own event `request_finished` has more fields.
        return None if "request_id" in get_contextvars() else _access(record)
    if record.name == "py.warnings":
        return _warning(record)
    extras = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    if record.name.startswith("celery"):
        task = extras.pop("data", None)
        if record.name in _DUPLICATE_LOGGERS and record.levelno <= logging.ERROR and task:
            return None
        if isinstance(task, dict) and "id" in task:
            extras |= {"task_id": task["id"], "task": task.get("name")}
    return {"event": format_message(record.msg, record.args), "exc_info": record.exc_info, **extras}


def _access(record: logging.LogRecord) -> dict[str, Any]:
    """Return uvicorn's access record as fields, without the query string: it may hold a secret."""
    arguments = record.args
    if not isinstance(arguments, tuple) or len(arguments) != 5:
        return {"event": format_message(record.msg, record.args).partition("?")[0]}
    client, method, path, _, status = arguments
    return {
        "event": "http_access",
        "client": client,
        "method": method,
        "path": str(path).partition("?")[0],
        "status": status,
    }


def _warning(record: logging.LogRecord) -> dict[str, Any]:
    """Return a captured warning with the same fields as every other warning."""
    text = format_message(record.msg, record.args).rstrip()
    match = _WARNING.fullmatch(text)
    if match is None:
        return {"event": text}
    location = {"category": match["category"], "filename": match["filename"]}
    return {"event": " ".join(match["text"].split()), "lineno": int(match["lineno"]), **location}
