"""Follows one entry of beat's schedule: it is due, it is sent, and a task of each tenant runs."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from securenet_obs.probes.log_frame import log_frame
from securenet_obs.probes.tasks import TaskProbe

PAUSE_S = 0.25
_COLUMNS = ["timestamp", "event", "task", "tenants", "request_id", "tenant_id", "task_id"]


@dataclass(frozen=True)
class Dispatch:
    """What became of an entry that was sent: for how many tenants, and whose tasks have run."""

    tenants: int
    ran: pd.DataFrame
    """A row for each task that succeeded: `tenant_id`, `task_id`, `timestamp`."""

    @property
    def missing(self) -> int:
        """How many tenants' tasks have not succeeded."""
        return self.tenants - int(self.ran.tenant_id.nunique())


def await_entry(
    probe: TaskProbe, name: str, since: pd.Timestamp, deadline_s: float
) -> pd.Timestamp | None:
    """Return when beat sent an entry after `since`; None if it had not at the deadline.

    Raises:
        ForbiddenError, UnreachableError: as every method of `TaskProbe`.
    """
    ends = time.monotonic() + deadline_s
    while True:
        last: Any = probe.beat_entries()["last"].get(name)
        if last is not None and last > since:
            return pd.Timestamp(last)
        if time.monotonic() >= ends:
            return None
        time.sleep(PAUSE_S)


def await_dispatch(
    *sources: str | Path, task: str, since: pd.Timestamp, deadline_s: float
) -> Dispatch:
    """Return the first dispatch of a task after `since`, once it is complete or at the deadline.

    The dispatcher's line says for how many tenants it sent the task; their tasks belong to the
    same request. Without such a line there were none.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    ends = time.monotonic() + deadline_s
    while True:
        dispatch = _dispatch(log_frame(*sources).frame.reindex(columns=_COLUMNS), task, since)
        if (dispatch.tenants and not dispatch.missing) or time.monotonic() >= ends:
            return dispatch
        time.sleep(PAUSE_S)


def _dispatch(lines: pd.DataFrame, task: str, since: pd.Timestamp) -> Dispatch:
    lines = lines[(lines.task == task) & (lines.timestamp >= since)]
    sent = lines[lines.event == "dispatched"].head(1)
    ended = (lines.event == "task_succeeded") & lines.request_id.isin(sent.request_id)
    ran = lines.loc[ended, ["tenant_id", "task_id", "timestamp"]]
    return Dispatch(int(sent.tenants.sum()), ran)
