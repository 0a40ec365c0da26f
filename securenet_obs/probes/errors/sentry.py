"""Reads error events back from Sentry, or GlitchTip, which has the same API."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from securenet_obs.errors import NotFoundError, SettingsError, UnreachableError
from securenet_obs.probes.errors.events import (
    ErrorEvent,
    StoredEvent,
    normalise_event_id,
    parse_frames,
    parse_tags,
    require_stored_kind,
)
from securenet_obs.probes.http.json_api import JsonApi, poll
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import Settings

_MAX_ROWS = 100
"""Rows of a page at most: Sentry refuses to send more."""


def open_sentry(settings: Settings) -> JsonApi:
    """Return the client of a target's Sentry, without connecting.

    Raises:
        SettingsError: the address, the organisation, the project or the token is missing.
    """
    for name in ("sentry_org", "sentry_project"):
        if not getattr(settings, name):
            raise SettingsError(f"{name.upper()} is not set; it is needed to read events back.")
    return JsonApi(
        settings.sentry_url,
        "SENTRY_URL",
        settings.sentry_auth_token.get_secret_value(),
        "SENTRY_AUTH_TOKEN",
    )


class SentryEvents:
    """Reads the events of one Sentry project."""

    name = "Sentry"
    stored_kinds = frozenset({"errors", "transactions"})

    def __init__(self, settings: Settings) -> None:
        """Prepare, without connecting.

        Raises:
            SettingsError: the address, the organisation, the project or the token is missing.
        """
        self._api = open_sentry(settings)
        self._project = f"{settings.sentry_org}/{settings.sentry_project}"
        self._organisation = quote(settings.sentry_org, safe="")
        self._path = "/".join(
            quote(slug, safe="") for slug in (settings.sentry_org, settings.sentry_project)
        )

    def find(self, event_id: str, deadline_s: float, *, kind: str = "errors") -> ErrorEvent:
        """Return the event; see `ErrorEvents.find`."""
        require_stored_kind(self, self.name, kind)
        hex_id = normalise_event_id(event_id)
        path = f"/api/0/projects/{self._path}/events/{hex_id}/"
        try:
            answer = poll(lambda deadline: self._api.get(path, deadline=deadline), deadline_s)
        except NotFoundError as error:
            raise NotFoundError(
                f"Event {hex_id} is not in project {self._project} after {deadline_s:g} s."
            ) from error
        event = _parse_event(answer, hex_id, self._api.url)
        return replace(event, url=self._build_page_url(answer.get("groupID"), hex_id))

    def _build_page_url(self, issue: object, hex_id: str) -> str:
        organisation = self._path.partition("/")[0]
        page = f"organizations/{organisation}/issues/{issue}/events/{hex_id}/"
        return f"{self._api.url}/{page}" if issue else ""

    def read_newest(self, count: int, deadline_s: float) -> Iterator[StoredEvent]:
        """Yield the newest events of the first page; see `ErrorBackend.read_newest`."""
        deadline = Deadline.after(deadline_s)
        path = f"/api/0/projects/{self._path}/events/"
        query = {"full": "true", "per_page": str(min(count, _MAX_ROWS))}
        rows = self._api.get(path, query, deadline=deadline)
        if not isinstance(rows, list):
            raise UnreachableError(f"{self._api.url} did not return a list of events.")
        for row in rows[:count]:
            received = str(row.get("dateReceived") or row.get("dateCreated") or "unknown")
            yield StoredEvent(str(row.get("groupID")), received, row)

    def delete_issue(self, issue_id: str, deadline_s: float) -> None:
        """Delete an issue; see `ErrorBackend.delete_issue`."""
        path = f"/api/0/organizations/{self._organisation}/issues/{quote(issue_id, safe='')}/"
        with suppress(NotFoundError):
            self._api.delete(path, deadline=Deadline.after(deadline_s))


class GlitchTipEvents(SentryEvents):
    """Reads the events of one GlitchTip project, by the part of Sentry's API that it has."""

    name = "GlitchTip"
    stored_kinds = frozenset({"errors"})


def _parse_event(answer: Any, hex_id: str, url: str) -> ErrorEvent:
    if not isinstance(answer, dict) or answer.get("eventID") != hex_id:
        raise UnreachableError(f"{url} did not return event {hex_id}.")
    tags = parse_tags(answer.get("tags"))
    return ErrorEvent(
        event_id=hex_id,
        title=str(answer.get("title") or ""),
        environment=tags.get("environment"),
        release=tags.get("release") or _parse_version(answer.get("release")),
        tags=tags,
        frames=parse_frames(_parse_exceptions(answer)),
        payload=answer,
    )


def _parse_exceptions(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    entries = [entry for entry in answer.get("entries") or [] if entry.get("type") == "exception"]
    return [value for entry in entries for value in entry["data"].get("values") or []]


def _parse_version(release: object) -> str | None:
    return release.get("version") if isinstance(release, dict) else None
