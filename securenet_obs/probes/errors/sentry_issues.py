"""Reads issues from Sentry, or GlitchTip, by the API that both have."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from securenet_obs.errors import UnreachableError
from securenet_obs.probes.errors.events import parse_tags
from securenet_obs.probes.errors.issues import Issue, IssueEvent, join_title, parse_time
from securenet_obs.probes.errors.sentry import open_sentry
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import Settings


class SentryIssues:
    """Reads the issues of one Sentry project; see `Issues`.

    The source is https://docs.sentry.io/api/events/.

    Args:
        settings: those of the target.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare, without connecting.

        Raises:
            SettingsError: the address, the organisation, the project or the token is missing.
        """
        self._api = open_sentry(settings)
        org, project = (
            quote(name, safe="") for name in (settings.sentry_org, settings.sentry_project)
        )
        self._path = f"/api/0/projects/{org}/{project}/issues/"
        self._issues = f"/api/0/organizations/{org}/issues"

    def list_recent(self, since: datetime, deadline_s: float) -> list[Issue]:
        """Return the issues with events since a time; see `Issues.list_recent`."""
        deadline = Deadline.after(deadline_s)
        minutes = math.ceil((datetime.now(UTC) - since).total_seconds() / 60)
        rows = self._list(self._path, {"query": f"lastSeen:-{minutes}m"}, deadline)
        recent = [row for row in rows if self._time(row, "lastSeen") >= since]
        return [self._read_events(row, since, deadline) for row in recent]

    def read(self, name: str, deadline_s: float) -> Issue:
        """Return an issue by its id or name; see `Issues.read`."""
        path = f"{self._issues}/{quote(name, safe='')}/"
        return self._parse(self._api.get(path, deadline=Deadline.after(deadline_s)))

    def _read_events(self, row: Mapping[str, Any], since: datetime, deadline: Deadline) -> Issue:
        issue = self._parse(row)
        listed = self._list(f"{self._issues}/{issue.id}/events/", {"full": "true"}, deadline)
        events = [self._parse_event(event, issue) for event in listed]
        recent = sorted((row for row in events if row.at >= since), key=lambda row: row.at)
        return replace(issue, events=tuple(reversed(recent)))

    def _parse_event(self, row: Mapping[str, Any], issue: Issue) -> IssueEvent:
        tags = parse_tags(row.get("tags"))
        contexts = row.get("contexts")
        trace = contexts.get("trace") if isinstance(contexts, dict) else None
        return IssueEvent(
            str(row.get("eventID")),
            self._time(row, "dateCreated"),
            f"{issue.url.rstrip('/')}/events/{row.get('eventID')}/",
            tags.get("release", ""),
            tags.get("tenant_id", ""),
            tags.get("transaction", ""),
            str(trace.get("trace_id", "")) if isinstance(trace, dict) else "",
        )

    def _list(self, path: str, query: Mapping[str, str], deadline: Deadline) -> list[Any]:
        """Return the first page of a list: 100 rows at most."""
        rows = self._api.get(path, query, deadline=deadline)
        if not isinstance(rows, list):
            raise UnreachableError(f"{self._api.url} does not return a list of {path}.")
        return rows

    def _parse(self, row: Mapping[str, Any]) -> Issue:
        try:
            return Issue(
                row["id"],
                row["shortId"],
                join_title(row["title"], ""),
                self._time(row, "firstSeen"),
                row["status"] == "ignored",
                row["permalink"],
            )
        except (KeyError, TypeError) as error:
            raise UnreachableError(f"{self._api.url} does not return issues of Sentry.") from error

    def _time(self, row: Mapping[str, Any], field: str) -> datetime:
        return parse_time(row.get(field), self._api.url)
