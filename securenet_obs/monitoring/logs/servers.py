"""Logging configuration of uvicorn and gunicorn: every process writes JSON lines from its start.

A server logs before it imports the application, and its parent process never imports it:

    uvicorn app:app --workers 4 --log-config "$(python -m securenet_obs.monitoring.logs.servers)"
    gunicorn app:app --config python:securenet_obs.monitoring.logs.gunicorn_config

The name of the process in the lines of the parent is SERVICE_NAME.
"""

import json
import logging
from pathlib import Path

from securenet_obs.monitoring.logs.setup import ForeignHandler, configure_structlog

UVICORN_LOG_CONFIG = Path(__file__).with_name("uvicorn_log_config.json")
"""Configuration of the standard library's logging, as a file for uvicorn."""

LOG_CONFIG = json.loads(UVICORN_LOG_CONFIG.read_text())
"""The same as a dict, for `uvicorn.run(log_config=...)` and gunicorn's `logconfig_dict`."""


def json_handler() -> logging.Handler:
    """Return the handler of this process's JSON lines; configure its logging, if that is not done.

    Text that the server prints becomes log lines, too.
    """
    root = logging.getLogger()
    if not any(isinstance(handler, ForeignHandler) for handler in root.handlers):
        configure_structlog(prints=True)
    return next(handler for handler in root.handlers if isinstance(handler, ForeignHandler))


if __name__ == "__main__":
    print(UVICORN_LOG_CONFIG)
