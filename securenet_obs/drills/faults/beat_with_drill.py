"""Script that runs beat with an additional schedule entry: a canary task every two seconds.

Usage: `python beat_with_drill.py MODULE ARG...`.

This is deliberately not a setting: the file is run by its path, in place of beat.
"""

import runpy
import sys

ENTRY = "drill"
"""Name of the entry."""

CANARY = "drill-of-beat"
"""Canary that the entry's task returns."""

EVERY_S = 2.0
"""Interval of the entry in seconds."""


def _add_entry() -> None:
    """Add a beat entry that sends a canary every `EVERY_S` seconds."""
    from securenet_obs.workers.celery_app import TASKS, celery_app

    entry = {"task": f"{TASKS}.echo_canary", "schedule": EVERY_S, "args": (CANARY,)}
    celery_app.conf.beat_schedule = {**celery_app.conf.beat_schedule, ENTRY: entry}


if __name__ == "__main__":
    _add_entry()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
