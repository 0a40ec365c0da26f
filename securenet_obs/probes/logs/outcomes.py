"""Outcomes of requests and tasks, from the newest log lines: failures by release and endpoint."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from securenet_obs.probes.logs.newest import Record, parse_record, read_newest_lines

READ_BYTES = 16 * 1024 * 1024
"""Number of bytes at the end of each log that are read: some 50,000 lines."""

_ALL = 10_000_000
_NEWEST = 20
_MOST_CHANCE = 0.01
"""Probability below which a difference is not taken for chance."""
_ENDS = re.compile(rb'"(request_finished|request_failed|task_succeeded|task_failed)"')
_TENANT = re.compile(r"(?<=/tenants/)[^/]+")
_ID = re.compile(r"(?<=/)(?=[^/]*\d)[^/]{8,}(?=/|$)")


@dataclass(frozen=True)
class Outcome:
    """The end of a request or a task, by its line; a field that the line lacks is empty.

    Args:
        at: time of the line.
        service: service that wrote it.
        release: release of the process.
        endpoint: method and route, with `{tenant_id}` and `{id}` in place of ids; else the task.
        has_failed: whether the answer was 500 or above, or the task has failed.
        tenant_id: tenant of the request or task.
        request_id: id of the request.
        trace_id: id of the trace.
        event_id: Sentry event of the failure.
    """

    at: datetime
    service: str
    release: str
    endpoint: str
    has_failed: bool
    tenant_id: str = ""
    request_id: str = ""
    trace_id: str = ""
    event_id: str = ""


@dataclass(frozen=True)
class FailureShare:
    """Number of outcomes, and of those that have failed."""

    failed: int
    total: int

    @property
    def share(self) -> float:
        """Share of failures, 0 to 1; 0 without outcomes."""
        return self.failed / self.total if self.total else 0.0

    def certainly_exceeds(self, other: "FailureShare") -> bool:
        """Return whether this share is higher by more than chance.

        By Fisher's exact test, one-sided, which holds for small and for unequal numbers: if chance
        alone distributed the failures of both, at least as many would be here with a probability
        below `_MOST_CHANCE`.
        """
        if self.share <= other.share:
            return False
        failed, total = self.failed + other.failed, self.total + other.total
        ways = _log_choose(total, self.total)
        chance = sum(
            math.exp(
                _log_choose(failed, count) + _log_choose(total - failed, self.total - count) - ways
            )
            for count in range(self.failed, min(failed, self.total) + 1)
        )
        return chance < _MOST_CHANCE

    def describe(self) -> str:
        """Return the share in words."""
        return f"{self.failed} of {self.total} failed ({self.share:.0%})"


def _log_choose(among: int, count: int) -> float:
    """Return the logarithm of the number of ways to choose some among others."""
    return math.lgamma(among + 1) - math.lgamma(count + 1) - math.lgamma(among - count + 1)


def count_failures(outcomes: Iterable[Outcome]) -> FailureShare:
    """Count outcomes and failures."""
    rows = [row.has_failed for row in outcomes]
    return FailureShare(sum(rows), len(rows))


def read_outcomes(source: str) -> list[Outcome]:
    """Return the outcomes that the newest 16 MiB of each log hold, in the order of their times.

    Args:
        source: a file, a folder or a glob.

    Raises:
        SettingsError: no source was given.
        NotFoundError: the source does not exist, or holds no log file.
    """
    lines = (
        line for log in read_newest_lines(source, _ALL, tail_bytes=READ_BYTES) for line in log.lines
    )
    ends = [row for line in lines if _ENDS.search(line) and (row := parse_record(line)) is not None]
    events = {
        _text(row, "request_id"): _text(row, "sentry_event_id")
        for row in ends
        if row.get("event") == "request_failed"
    }
    found = [outcome for row in ends if (outcome := _parse(row, events)) is not None]
    return sorted(found, key=lambda outcome: outcome.at)


def read_releases(source: str) -> dict[str, str]:
    """Return the release of each service's newest line: the one that runs now.

    Args:
        source: a file, a folder or a glob.

    Raises:
        SettingsError: no source was given.
        NotFoundError: the source does not exist, or holds no log file.
    """
    logs = read_newest_lines(source, _NEWEST)
    rows = [row for log in logs for row in log.records if row is not None]
    ordered = sorted(rows, key=lambda row: _text(row, "timestamp"))
    return {_text(row, "service"): _text(row, "release") for row in ordered if row.get("service")}


def _parse(row: Record, events: Mapping[str, str]) -> Outcome | None:
    """Return the outcome of a line; None if it is another line, or has no time."""
    event = row.get("event")
    try:
        at = datetime.fromisoformat(_text(row, "timestamp"))
    except ValueError:
        return None
    if event == "request_finished":
        status = row.get("status")
        endpoint = f"{_text(row, 'method')} {generalise_path(_text(row, 'path'))}"
        has_failed = isinstance(status, int) and status >= 500
        event_id = events.get(_text(row, "request_id"), "")
    elif event in ("task_succeeded", "task_failed"):
        endpoint, has_failed = _text(row, "task").rpartition(".")[2], event == "task_failed"
        event_id = _text(row, "sentry_event_id")
    else:
        return None
    return Outcome(
        at,
        *(_text(row, "service"), _text(row, "release"), endpoint, has_failed),
        *(_text(row, "tenant_id"), _text(row, "request_id"), _text(row, "trace_id")),
        event_id if has_failed else "",
    )


def generalise_path(path: str) -> str:
    """Return a path with placeholders in place of ids."""
    return _ID.sub("{id}", _TENANT.sub("{tenant_id}", path))


def _text(row: Mapping[str, Any], field: str) -> str:
    value = row.get(field)
    return value if isinstance(value, str) else ""
