"""Runs a module of a part with a fault put in: `python faulty.py FAULT[,FAULT] MODULE ARGUMENT...`.

Each fault is what a careless change of the instrumentation would do; there is no setting for any of
them, and shall be none.
"""

import runpy
import sys
from datetime import UTC, datetime, timedelta
from typing import Any


def scrubbing_off() -> None:
    """Send events as they are: neither our redaction nor the SDK's own list is applied."""
    from sentry_sdk import data_collection

    from securenet_obs.monitoring import sentry

    data_collection._SENSITIVE_DENYLIST.clear()
    sentry.filter_sensitive_data = lambda event, hint: event


def no_ids() -> None:
    """Send events without the ids of tenant, request and task."""
    from securenet_obs.monitoring import sentry

    sentry.current_ids = dict


def no_stack_trace() -> None:
    """Send events of which only the exception's text is left."""
    from securenet_obs.monitoring import sentry

    scrub = sentry.filter_sensitive_data

    def bare(event: Any, hint: Any) -> Any:
        scrubbed = scrub(event, hint)
        for exception in (scrubbed or {}).get("exception", {}).get("values", []):
            exception.pop("stacktrace", None)
        return scrubbed

    sentry.filter_sensitive_data = bare


def plain_text_line() -> None:
    """Print a line past every logger."""
    print("starting up ...", flush=True)


def dropped_field() -> None:
    """Write lines without the release."""
    _change_head(lambda head: {key: value for key, value in head.items() if key != "release"})


def local_time() -> None:
    """Write lines with the wall clock's time, without a zone."""
    _change_head(lambda head: head | {"timestamp": datetime.now().isoformat(sep=" ")})


def clock_off_by_an_hour() -> None:
    """Write lines with a local time that calls itself UTC."""
    late = timedelta(hours=1)
    _change_head(lambda head: head | {"timestamp": f"{datetime.now(UTC) + late:%FT%T.%fZ}"})


def results_for_ever() -> None:
    """Keep results until Redis is full."""
    from securenet_obs.workers.celery_app import celery_app

    celery_app.conf.result_expires = 0


def pickles_accepted() -> None:
    """Execute whatever somebody put into Redis."""
    from securenet_obs.workers.celery_app import celery_app

    celery_app.conf.accept_content = ["json", "pickle"]


def slow_store() -> None:
    """Take half a second to count a batch, as a store does whose disk is busy."""
    import time

    from securenet_obs.workers import tasks

    count_batch = tasks.count_batch

    def slowly(*given: Any) -> Any:
        time.sleep(0.5)
        return count_batch(*given)

    tasks.count_batch = slowly


def _change_head(change: Any) -> None:
    from securenet_obs.monitoring.logs import Chain

    head = Chain._head
    Chain._head = lambda self, *given: change(head(self, *given))  # type: ignore[method-assign]


if __name__ == "__main__":
    for fault in sys.argv[1].split(","):
        globals()[fault]()
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
