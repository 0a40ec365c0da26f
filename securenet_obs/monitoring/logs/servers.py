"""Logging configuration, handler and launcher of web servers: JSON lines from a process's start.

A server logs before it imports the application, and its parent process never imports it:

    uvicorn app:app --workers 4 --log-config "$(python -m securenet_obs.monitoring.logs.servers)"
    gunicorn app:app --config python:securenet_obs.monitoring.logs.gunicorn_config

hypercorn takes the file as `json:` and its path. Another server, such as daphne, is run as a module
after the logging of its process was configured:

    python -m securenet_obs.monitoring.logs.servers daphne app:app

The name of the process in the lines of the parent is SERVICE_NAME.
"""

import json
import logging
import runpy
import sys
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


def _run_server(arguments: list[str]) -> None:
    """Run a server, a module that `python -m` runs, with its arguments.

    Its stdout and stderr log what is printed to them before the server reads either.
    """
    json_handler()
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        _run_server(sys.argv[1:])
    else:
        print(UVICORN_LOG_CONFIG)
