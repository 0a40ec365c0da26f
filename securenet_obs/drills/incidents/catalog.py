"""Catalogue of the incidents: for each runbook the fault that it must find and mend."""

from collections.abc import Mapping

from securenet_obs.drills.incidents import log_formats, sentry_dsns, workers
from securenet_obs.drills.incidents.incident import Incident

_ALL = (
    Incident(
        "more-arrivals-than-service",
        "queue_is_growing",
        "Three times as many batches arrive as the worker finishes.",
        workers.slow_worker_down,
        row="too few workers",
        parameters=("queue=logs", "window_s=4", "grow_by=7", "longest_drain_s=60"),
    ),
    Incident(
        "worker-gone",
        "worker_is_gone",
        "The only worker and its children are killed.",
        workers.kill_worker,
        row="is gone",
    ),
    Incident(
        "logs-in-console-format",
        "logs_do_not_parse",
        "Beat is restarted with LOG_FORMAT=console.",
        log_formats.switch_format,
        row="writes lines that are not JSON",
    ),
    Incident(
        "worker-with-wrong-dsn",
        "sentry_is_silent",
        "The worker is restarted with a DSN whose key the project does not know.",
        sentry_dsns.give_worker_wrong_dsn,
        row="does not reach Sentry",
    ),
)

INCIDENTS: Mapping[str, Incident] = {incident.name: incident for incident in _ALL}
"""Name -> incident, in the order of execution."""
