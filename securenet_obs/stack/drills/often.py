"""Runs a module with one more beat entry, due every two seconds: `python often.py MODULE ARG...`.

There is no setting for it, and shall be none: it is run by its path, in place of beat.
"""

import runpy
import sys

ENTRY = "drill"
"""The entry's name."""

CANARY = "drill-of-beat"
"""What the entry's task returns as its canary."""

EVERY_S = 2.0
"""Seconds between two times that the entry is due."""


def add_entry() -> None:
    """Have a canary sent, often."""
    from securenet_obs.workers.celery_app import TASKS, celery_app

    entry = {"task": f"{TASKS}.echo_canary", "schedule": EVERY_S, "args": (CANARY,)}
    celery_app.conf.beat_schedule = {**celery_app.conf.beat_schedule, ENTRY: entry}


if __name__ == "__main__":
    add_entry()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
