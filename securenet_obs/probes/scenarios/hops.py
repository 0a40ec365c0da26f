"""Hops of a canary: waits for them in logs, tabulates those in Sentry, finds the ids they lost."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from securenet_obs.probes.errors.arrivals import Arrival
from securenet_obs.probes.logs.frame import log_frame
from securenet_obs.processes.polling import poll_until

_IDS = ("request_id", "trace_id", "tenant_id")
"""Ids that every hop must carry unchanged."""

HOPS = (
    "API: task sent",
    "API: request failed",
    "task: started",
    "task: child sent",
    "task: succeeded",
    "child: started",
    "child: failed",
)
"""Hops of the chain that `ApiClient.raise_error(where="chain")` provokes."""

_COLUMNS = ["hop", "found", "timestamp", "service", "task_id", "sentry_event_id", *_IDS]


def wait_for_hops(
    *sources: str | Path, canary: str, event_id: str | None, deadline_s: float
) -> pd.DataFrame:
    """Read the logs until every hop has logged its line, or until the deadline.

    A hop is identified by the canary, by the event of its failure, or by the task that the
    previous hop sent; never by the ids under test.

    Args:
        sources: log files, folders or globs.
        canary: marker that started the chain.
        event_id: Sentry event of the API's own failure.
        deadline_s: seconds to wait for the last hop.

    Returns:
        A row for each of `HOPS`, in that order: `hop`, `found`, `timestamp`, `service`, `task_id`,
        `sentry_event_id`, `request_id`, `trace_id`, `tenant_id`; missing without a line.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    return poll_until(
        lambda: _find_hops(log_frame(*sources).frame, canary, event_id),
        lambda hops: hops.found.all(),
        deadline_s=deadline_s,
    )


def _find_hops(frame: pd.DataFrame, canary: str, event_id: str | None) -> pd.DataFrame:
    fields = ("event", "service", "canary", "sent_task_id", *_COLUMNS[2:])
    lines = frame.reindex(columns=list(dict.fromkeys(fields)))
    relayed = lines[(lines.event == "canary_relayed") & (lines.canary == canary)]
    by_api = relayed[relayed.service == "securenet-api"]
    by_task = relayed[relayed.service != "securenet-api"]
    failed = lines[(lines.event == "request_failed") & (lines.sentry_event_id == event_id)]
    task, child = _select_task_lines(lines, by_api), _select_task_lines(lines, by_task)
    found = (
        by_api,
        failed,
        task[task.event == "task_started"],
        by_task,
        task[task.event == "task_succeeded"],
        child[child.event == "task_started"],
        child[child.event == "task_failed"],
    )
    rows = [_build_row(hop, rows) for hop, rows in zip(HOPS, found, strict=True)]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _select_task_lines(lines: pd.DataFrame, sent: pd.DataFrame) -> pd.DataFrame:
    """Return the lines of the tasks that these hops sent."""
    return lines[lines.task_id.notna() & lines.task_id.isin(sent.sent_task_id)]


def _build_row(hop: str, rows: pd.DataFrame) -> dict[str, object]:
    first = rows.iloc[0] if len(rows) else pd.Series(dtype=object)
    return {**{name: first.get(name) for name in _COLUMNS}, "hop": hop, "found": bool(len(rows))}


def tabulate_event_hops(arrivals: Iterable[Arrival]) -> pd.DataFrame:
    """Return a row for each expected error event, with the columns of `wait_for_hops`."""
    return pd.DataFrame([_build_event_row(arrival) for arrival in arrivals], columns=_COLUMNS)


def _build_event_row(arrival: Arrival) -> dict[str, object]:
    event = arrival.event
    hop = f"Sentry: {arrival.place}"
    if event is None:
        return {"hop": hop, "found": False}
    tags = {name: event.tags.get(name) for name in ("request_id", "tenant_id", "task_id")}
    ids = {"sentry_event_id": event.event_id, "trace_id": event.trace_id}
    return {"hop": hop, "found": True, **tags, **ids}


def find_lost_ids(hops: pd.DataFrame, sent: Mapping[str, str]) -> dict[str, list[str]]:
    """Map each id that was sent to the hops that do not carry it, in the order of the chain.

    Args:
        hops: from `wait_for_hops` or `tabulate_event_hops`; hops that were not found are ignored.
        sent: the ids by their field names in the log lines.
    """
    there = hops[hops.found.astype(bool)]
    return {name: list(there.hop[there[name] != value]) for name, value in sent.items()}
