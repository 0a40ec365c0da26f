"""Builds the timeline of a subject: all sources, in one order, of one tenant."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from securenet_obs.oncall.timeline.entry import Entry, order
from securenet_obs.oncall.timeline.event_entries import MAX_EVENTS, read_event_entries
from securenet_obs.oncall.timeline.log_entries import build_log_entry
from securenet_obs.oncall.timeline.subject import Subject
from securenet_obs.oncall.timeline.task_entries import MAX_TASKS, read_task_entries
from securenet_obs.probes.logs.following import follow
from securenet_obs.settings import Settings

_ENDS = frozenset({"task_succeeded", "task_failed"})


@dataclass(frozen=True)
class Timeline:
    """The entries of a subject.

    Args:
        subject: the subject, with its tenant if that is known.
        entries: the entries, in the order of their times.
        foreign: log lines under the same request id that are not certainly of this tenant.
        tenants: tenants of the request's log lines.
    """

    subject: Subject
    entries: Sequence[Entry]
    foreign: int
    tenants: Sequence[str]

    @property
    def failures(self) -> list[Entry]:
        """The entries that are failures."""
        return [entry for entry in self.entries if entry.has_failed]

    @property
    def event_ids(self) -> list[str]:
        """Ids of the Sentry events that were read back."""
        return [
            entry.event_id
            for entry in self.entries
            if entry.source == "Sentry" and entry.event == "event"
        ]

    @property
    def unfinished(self) -> list[str]:
        """Ids of the tasks without an end."""
        ended = {
            entry.task_id
            for entry in self.entries
            if entry.event in _ENDS or entry.source == "result" or entry.event == "finished"
        }
        return sorted({entry.task_id for entry in self.entries if entry.task_id} - ended)


def build_timeline(settings: Settings, subject: Subject, deadline_s: float) -> Timeline:
    """Return the timeline of a subject.

    Args:
        settings: those of the target.
        subject: the subject.
        deadline_s: seconds to wait for each Sentry event.

    Raises:
        NotFoundError: LOG_SOURCE holds no log, or the store no tables.
        UnreachableError: store, Redis or Sentry do not answer.
        ForbiddenError: one of them denies access.
    """
    if not subject.request_id and not subject.tenant_id:
        return Timeline(subject, [], 0, [])
    followed = follow(
        settings.log_source,
        request_id=subject.request_id,
        tenant_id=subject.tenant_id,
        since=subject.since,
        until=subject.until,
    )
    tenant_id = subject.tenant_id or (followed.tenants[0] if len(followed.tenants) == 1 else "")
    known = replace(subject, tenant_id=tenant_id)
    if not tenant_id:
        return Timeline(known, [], followed.foreign, followed.tenants)
    entries = [entry for row in followed.lines if (entry := build_log_entry(row)) is not None]
    entries += _read_tasks(settings, tenant_id, entries)
    entries += _read_events(settings, tenant_id, order(entries), deadline_s)
    return Timeline(known, order(entries), followed.foreign, followed.tenants)


def _read_tasks(settings: Settings, tenant_id: str, entries: Sequence[Entry]) -> list[Entry]:
    newest = dict.fromkeys(entry.task_id for entry in reversed(entries) if entry.task_id)
    found = read_task_entries(settings, tenant_id, list(newest)[:MAX_TASKS])
    requests = {entry.task_id: entry.request_id for entry in entries if entry.request_id}
    return [replace(entry, request_id=requests.get(entry.task_id, "")) for entry in found]


def _read_events(
    settings: Settings, tenant_id: str, entries: Sequence[Entry], deadline_s: float
) -> list[Entry]:
    naming = [entry for entry in entries if entry.event_id]
    newest = list(dict.fromkeys(entry.event_id for entry in reversed(naming)))[:MAX_EVENTS]
    # A log line has more than a result: its service and its place.
    naming.sort(key=lambda entry: entry.source == "log")
    by_id = {entry.event_id: entry for entry in naming}
    named = {event_id: by_id[event_id] for event_id in newest}
    return list(read_event_entries(settings, tenant_id, named, deadline_s))
