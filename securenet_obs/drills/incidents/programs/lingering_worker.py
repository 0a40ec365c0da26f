"""Program of a worker with slow canaries; `python -m` with a timeout and celery's arguments.

The first argument is the visibility timeout in seconds; it is set after the worker has checked its
configuration, as by a release that does not check.
"""

import runpy
import sys
import time
from typing import Any

from celery import signals

from securenet_obs.drills.incidents.faults.double_runs import SLOW

RUN_S = 120.0
"""Seconds that a slow canary takes."""


def linger(timeout_s: float) -> None:
    """Delay slow canaries, and set the visibility timeout once the worker is set up."""
    from securenet_obs.workers import tasks
    from securenet_obs.workers.celery_app import celery_app

    canary: Any = tasks.echo_canary
    run = canary.run

    def slowly(text: str) -> Any:
        if text.startswith(SLOW):
            time.sleep(RUN_S)
        return run(text)

    def set_timeout(**_: object) -> None:
        options = celery_app.conf.broker_transport_options
        celery_app.conf.broker_transport_options = {**options, "visibility_timeout": timeout_s}

    canary.run = slowly
    signals.celeryd_after_setup.connect(set_timeout, weak=False)


if __name__ == "__main__":
    linger(float(sys.argv[1]))
    sys.argv = sys.argv[2:]
    runpy.run_module("celery", run_name="__main__", alter_sys=False)
