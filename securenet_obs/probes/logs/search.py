"""Waits until log files contain given lines or the ends of tasks; finds services by a field."""

from pathlib import Path

from securenet_obs.probes.logs.frame import LogFrame, log_frame
from securenet_obs.processes.polling import poll_until


def wait_for_log_lines(
    *sources: str | Path, field: str, value: str, services: set[str], deadline_s: float
) -> LogFrame:
    """Read the logs until each service has a line with this `field` value, or until the deadline.

    Returns the last reading, complete or not: the caller judges it.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    return poll_until(
        lambda: log_frame(*sources),
        lambda logs: services <= find_services(logs, field, value),
        deadline_s=deadline_s,
    )


def find_services(logs: LogFrame, field: str, value: str) -> set[str]:
    """Return the services that wrote a line with this `field` value."""
    frame = logs.frame
    if field not in frame or "service" not in frame:
        return set()
    return set(frame.loc[frame[field] == value, "service"].dropna())


_END_EVENTS = ("task_succeeded", "task_failed")
"""Events of the last line of a task's execution."""


def wait_for_task_ends(
    *sources: str | Path, request_id: str, tasks: int, deadline_s: float
) -> LogFrame:
    """Read the logs until `tasks` tasks of a request have ended, or until the deadline.

    Returns the last reading, complete or not: the caller judges it.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    return poll_until(
        lambda: log_frame(*sources),
        lambda logs: _count_ended(logs, request_id) >= tasks,
        deadline_s=deadline_s,
    )


def _count_ended(logs: LogFrame, request_id: str) -> int:
    lines = logs.frame.reindex(columns=["request_id", "event"])
    return int(((lines.request_id == request_id) & lines.event.isin(_END_EVENTS)).sum())
