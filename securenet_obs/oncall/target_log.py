"""Writes the actions of runbooks to the target's log, as a service of their own: one JSON line."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from securenet_obs.redaction import redact
from securenet_obs.settings import Settings

SERVICE = "securenet-oncall"

NAME = "oncall.log"
"""Name of the file in the folder of LOG_SOURCE."""


def log_action(settings: Settings, event: str, **fields: Any) -> str:
    """Append a line to the target's log; return why it has none, empty if it has.

    Args:
        settings: those of the target; its LOG_SOURCE must be a folder of this host.
        event: name of the event.
        fields: the line's other fields; secrets in them are masked.
    """
    folder = Path(settings.log_source or "/dev/null")
    if not folder.is_dir():
        return "LOG_SOURCE is not a folder of this host; the journal alone has this action"
    masked: Any = redact(fields)
    line = {
        "timestamp": f"{datetime.now(UTC):%FT%T.%f}Z",
        "level": "info",
        "logger": __name__,
        "service": SERVICE,
        "environment": settings.environment,
        "release": settings.sentry_release,
        "event": event,
        **masked,
    }
    try:
        descriptor = os.open(folder / NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab", buffering=0) as file:
            file.write(json.dumps(line, default=str).encode() + b"\n")
    except OSError as error:
        return f"{folder / NAME} cannot be written: {error.strerror}; the journal has this action"
    return ""
