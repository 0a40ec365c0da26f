"""Program of a worker that logs canaries unmasked; `python -m` with celery's arguments.

It masks neither log lines nor results, as a release with a fault in its redaction.
"""

import runpy
import sys
from typing import Any

import structlog

LOGGED = "canary_executed"
"""Event of the line with the text of a canary."""


def leak() -> None:
    """Turn the redaction of log lines and results off, and let canaries log their text."""
    from securenet_obs.monitoring.logs import json_line
    from securenet_obs.workers import tasks
    from securenet_obs.workers.celery_fixes import backend

    lines: Any = json_line
    lines.search = lambda _body: ()
    results: Any = backend
    results.redact = lambda value: value
    canary: Any = tasks.echo_canary
    run = canary.run

    def log_and_run(text: str) -> Any:
        structlog.get_logger(__name__).info(LOGGED, text=text)
        return run(text)

    canary.run = log_and_run


if __name__ == "__main__":
    leak()
    sys.argv = sys.argv[1:]
    runpy.run_module("celery", run_name="__main__", alter_sys=False)
