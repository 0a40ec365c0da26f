"""Reads issues from Bugsink, whose list of events has their ids and times alone."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from typing import Any

from securenet_obs.errors import UnreachableError
from securenet_obs.probes.errors.bugsink import API, open_bugsink, parse_event
from securenet_obs.probes.errors.events import normalise_event_id
from securenet_obs.probes.errors.issues import Issue, IssueEvent, join_title, parse_time
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import Settings


class BugsinkIssues:
    """Reads the issues of one Bugsink project; see `Issues`.

    Args:
        settings: those of the target.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare, without connecting.

        Raises:
            SettingsError: the address or the token is missing, or the project is not a number.
        """
        self._api = open_bugsink(settings)
        self._project = settings.sentry_project

    def list_recent(self, since: datetime, deadline_s: float) -> list[Issue]:
        """Return the issues with events since a time; see `Issues.list_recent`."""
        deadline = Deadline.after(deadline_s)
        query = {"project": self._project, "sort": "last_seen", "order": "desc"}
        rows = self._list("/issues/", query, deadline)
        recent = takewhile(lambda row: self._time(row, "last_seen") >= since, rows)
        return [self._read_events(row, since, deadline) for row in recent]

    def read(self, name: str, deadline_s: float) -> Issue:
        """Return an issue by its id or name; see `Issues.read`."""
        deadline = Deadline.after(deadline_s)
        return self._parse(self._api.get(f"{API}/issues/{name}/", deadline=deadline))

    def _read_events(self, row: Mapping[str, Any], since: datetime, deadline: Deadline) -> Issue:
        issue = self._parse(row)
        listed = self._list("/events/", {"issue": issue.id, "order": "desc"}, deadline)
        events = [
            IssueEvent(
                normalise_event_id(event["event_id"]),
                self._time(event, "timestamp"),
                f"{issue.url}event/{event['id']}/",
            )
            for event in listed
            if self._time(event, "timestamp") >= since
        ]
        if events:
            events[0] = self._complete(events[0], listed[0]["id"], deadline)
        return replace(issue, events=tuple(events))

    def _complete(self, event: IssueEvent, own_id: str, deadline: Deadline) -> IssueEvent:
        answer = self._api.get(f"{API}/events/{own_id}/", deadline=deadline)
        stored = parse_event(answer, event.event_id, self._api.url)
        return replace(
            event,
            release=stored.release or "",
            tenant_id=stored.tags.get("tenant_id", ""),
            place=str(stored.payload.get("transaction") or ""),
            trace_id=stored.trace_id or "",
        )

    def _list(self, path: str, query: Mapping[str, str], deadline: Deadline) -> list[Any]:
        """Return the first page of a list: 250 rows at most."""
        answer = self._api.get(f"{API}{path}", query, deadline=deadline)
        rows = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise UnreachableError(
                f"{self._api.url} does not answer like Bugsink; check SENTRY_BACKEND."
            )
        return rows

    def _parse(self, row: Mapping[str, Any]) -> Issue:
        try:
            return Issue(
                row["id"],
                row["friendly_id"],
                join_title(row["calculated_type"], row["calculated_value"]),
                self._time(row, "first_seen"),
                row["is_muted"],
                f"{self._api.url}/issues/issue/{row['id']}/",
            )
        except (KeyError, TypeError) as error:
            raise UnreachableError(f"{self._api.url} does not return issues of Bugsink.") from error

    def _time(self, row: Mapping[str, Any], field: str) -> datetime:
        return parse_time(row.get(field), self._api.url)
