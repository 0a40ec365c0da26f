"""Metrics that processes count, as data: names and units follow Prometheus' conventions."""

from dataclasses import dataclass

_SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3600.0)


@dataclass(frozen=True)
class Definition:
    """One metric: a histogram if it has buckets, else a counter.

    No label is a tenant: their number is not bounded.
    """

    name: str
    """Name without `_total`, with the unit."""
    text: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram, without infinity."""


TASKS = Definition(
    "securenet_tasks", "Executions of tasks, by state: success, failure, retry.", ("task", "state")
)
TASK_WAIT = Definition(
    "securenet_task_wait_seconds",
    "Time from sending a task, or from its ETA, to its start.",
    ("task",),
    _SECONDS,
)
TASK_RUN = Definition(
    "securenet_task_run_seconds", "Time from the start of a task to its end.", ("task",), _SECONDS
)
SENTRY_LOST = Definition(
    "securenet_sentry_events_lost",
    "Events that Sentry did not accept, by category and reason.",
    ("service", "category", "reason"),
)
LINES_LOST = Definition(
    "securenet_log_lines_lost", "Log lines that could not be written.", ("service",)
)

DEFINITIONS = {each.name: each for each in (TASKS, TASK_WAIT, TASK_RUN, SENTRY_LOST, LINES_LOST)}
"""Name -> definition."""
