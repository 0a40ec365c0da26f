"""Judges the times of beat's entries; waits for entries, for check-ins, for tasks of tenants."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from securenet_obs.errors import NotFoundError
from securenet_obs.probes.celery.tasks import TaskProbe
from securenet_obs.probes.logs.frame import log_frame
from securenet_obs.probes.telemetry.readers import IN_PROGRESS, CheckIn, TelemetryReader
from securenet_obs.processes.polling import Deadline, poll_until

_COLUMNS = ["timestamp", "event", "task", "tenants", "request_id", "tenant_id", "task_id"]


@dataclass(frozen=True)
class Dispatch:
    """One dispatch of a beat entry: its number of tenants, and the tasks that have succeeded."""

    tenants: int
    successful_tasks: pd.DataFrame
    """A row for each task that succeeded: `tenant_id`, `task_id`, `timestamp`."""

    @property
    def missing_tenants(self) -> int:
        """Number of tenants without a successful task."""
        return self.tenants - int(self.successful_tasks.tenant_id.nunique())


def find_misdated_entries(entries: pd.DataFrame, tolerance_s: float = 5.0) -> list[str]:
    """Return the entries whose next time is further away than their period, by our clock.

    Such an entry is not sent until then: a wrong clock has dated its last time, or beat's is wrong.

    Args:
        entries: rows of `TaskProbe.beat_entries`; without a `period` an entry is not judged.
        tolerance_s: seconds that beat's clock may differ from ours.
    """
    ahead_s = (entries["next"] - pd.Timestamp.now("UTC")).dt.total_seconds()
    return list(entries.index[ahead_s > entries["period"].astype("float64") + tolerance_s])


def wait_for_beat_entry(
    probe: TaskProbe,
    name: str,
    since: pd.Timestamp,
    deadline_s: float,
    *,
    tolerance_s: float = 5.0,
) -> pd.Timestamp | None:
    """Return the time at which beat sent an entry after `since`; None if not by the deadline.

    A last time in the future is no sending: a wrong clock has recorded it.

    Args:
        probe: reader of beat's entries.
        name: name of the entry.
        since: the entry must be sent after it.
        deadline_s: seconds to wait.
        tolerance_s: seconds that beat's clock may be ahead of ours.

    Raises:
        ForbiddenError, UnreachableError: as for every method of `TaskProbe`.
    """
    tolerance = pd.Timedelta(seconds=tolerance_s)

    def sent() -> Any:
        last: Any = probe.beat_entries()["last"].get(name)
        if last is None or not since < last <= pd.Timestamp.now("UTC") + tolerance:
            return None
        return pd.Timestamp(last)

    found: pd.Timestamp | None = poll_until(sent, lambda at: at is not None, deadline_s=deadline_s)
    return found


def wait_for_check_in(
    telemetry: TelemetryReader, monitor: str, since: pd.Timestamp, deadline_s: float
) -> CheckIn | None:
    """Return the first check-in since a time, once it is final or at the deadline; None without.

    Raises:
        ForbiddenError: the backend refuses to be read.
        UnreachableError: the backend does not answer; a missing check-in is not an error.
        NotStoredError: the backend drops check-ins.
    """

    deadline = Deadline.after(deadline_s)

    def first() -> CheckIn | None:
        try:
            found = telemetry.check_ins(monitor, deadline.left_s)
        except NotFoundError:
            return None
        return next((row for row in reversed(found) if row.began >= since), None)

    return poll_until(
        first, lambda found: found and found.status != IN_PROGRESS, deadline_s=deadline_s
    )


def wait_for_dispatch(
    *sources: str | Path, task: str, since: pd.Timestamp, deadline_s: float
) -> Dispatch:
    """Return the first dispatch of a task after `since`, once it is complete or at the deadline.

    The dispatcher's log line holds the number of tenants; their tasks share its request id.
    Without such a line the number is 0.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    return poll_until(
        lambda: _find_dispatch(log_frame(*sources).frame.reindex(columns=_COLUMNS), task, since),
        lambda dispatch: dispatch.tenants and not dispatch.missing_tenants,
        deadline_s=deadline_s,
    )


def _find_dispatch(lines: pd.DataFrame, task: str, since: pd.Timestamp) -> Dispatch:
    lines = lines[(lines.task == task) & (lines.timestamp >= since)]
    sent = lines[lines.event == "dispatched"].head(1)
    ended = (lines.event == "task_succeeded") & lines.request_id.isin(sent.request_id)
    successful_tasks = lines.loc[ended, ["tenant_id", "task_id", "timestamp"]]
    return Dispatch(int(sent.tenants.sum()), successful_tasks)
