"""Reads error events of Bugsink, which lists them by issue and under ids of its own."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

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

API = "/api/canonical/0"
_LOOK_S = 0.5


def open_bugsink(settings: Settings) -> JsonApi:
    """Return the client of a target's Bugsink, without connecting.

    Raises:
        SettingsError: the address or the token is missing, or the project is not a number.
    """
    if not settings.sentry_project.isdecimal():
        raise SettingsError(
            f"SENTRY_PROJECT is {settings.sentry_project!r}, which is not a project number; "
            "set it to the number at the end of the project's DSN."
        )
    return JsonApi(
        settings.sentry_url,
        "SENTRY_URL",
        settings.sentry_auth_token.get_secret_value(),
        "SENTRY_AUTH_TOKEN",
    )


class BugsinkEvents:
    """Reads the events of one Bugsink project.

    Bugsink answers 200 to transactions, check-ins and logs, and drops them.
    """

    stored_kinds = frozenset({"errors"})

    def __init__(self, settings: Settings) -> None:
        """Prepare, without connecting.

        Raises:
            SettingsError: the address or the token is missing, or the project is not a number.
        """
        self._api = open_bugsink(settings)
        self._project = settings.sentry_project
        # Events listed so far: a poll reads only the new ones.
        self._ids: dict[str, str] = {}
        self._newest_read: dict[str, int] = {}

    def find(self, event_id: str, deadline_s: float, *, kind: str = "errors") -> ErrorEvent:
        """Return the event; see `ErrorEvents.find`."""
        require_stored_kind(self, "Bugsink", kind)
        hex_id = normalise_event_id(event_id)
        try:
            answer = poll(lambda deadline: self._read(hex_id, deadline), deadline_s)
        except NotFoundError as error:
            raise NotFoundError(
                f"Event {hex_id} is not in project {self._project} after {deadline_s:g} s; {error}"
            ) from error
        return parse_event(answer, hex_id, self._api.url)

    def read_newest(self, count: int, deadline_s: float) -> Iterator[StoredEvent]:
        """Yield the newest events; see `ErrorBackend.read_newest`."""
        deadline = Deadline.after(deadline_s)
        for event in islice(self._list_newest(deadline), count):
            try:
                answer = self._api.get(f"{API}/events/{event['id']}/", deadline=deadline)
            except NotFoundError:  # deleted since it was listed
                continue
            payload = answer.get("data") if isinstance(answer, dict) else None
            yield StoredEvent(str(event["issue"]), str(event["ingested_at"]), payload or {})

    def _list_newest(self, deadline: Deadline) -> Iterator[dict[str, Any]]:
        recent = {"project": self._project, "sort": "last_seen", "order": "desc"}
        for issue in self._read_pages("/issues/", recent, deadline):
            yield from self._read_pages(
                "/events/", {"issue": issue["id"], "order": "desc"}, deadline
            )

    def delete_issue(self, issue_id: str, deadline_s: float) -> None:
        """Delete an issue; see `ErrorBackend.delete_issue`."""
        with suppress(NotFoundError):
            self._api.delete(f"{API}/issues/{issue_id}/", deadline=Deadline.after(deadline_s))

    def _read(self, hex_id: str, deadline: Deadline) -> Any:
        is_complete = hex_id in self._ids or self._list_until(hex_id, deadline)
        if hex_id not in self._ids:
            raise NotFoundError(
                f"the project has {len(self._ids)} other events."
                if is_complete
                else f"the project has more than the {len(self._ids)} events that were listed."
            )
        return self._api.get(f"{API}/events/{self._ids[hex_id]}/", deadline=deadline)

    def _list_until(self, hex_id: str, deadline: Deadline) -> bool:
        """List events, the most recently active issue first, until the wanted one is found.

        An event that arrives meanwhile is of the first issue, so the list is begun again after half
        a second; it goes on with the issues that it had not reached. Returns whether the wanted
        event is listed, or all events are.
        """
        look = Deadline.after(_LOOK_S)
        recent = {"project": self._project, "sort": "last_seen", "order": "desc"}
        for issue in self._read_pages("/issues/", recent, deadline):
            events = self._read_new_events(issue, deadline)
            self._ids |= {normalise_event_id(event["event_id"]): event["id"] for event in events}
            if hex_id in self._ids:
                return True
            if events and look.has_passed:
                return False
        return True

    def _read_new_events(
        self, issue: Mapping[str, Any], deadline: Deadline
    ) -> list[dict[str, Any]]:
        """Return the events of an issue that were not listed before."""
        last = self._newest_read.get(issue["id"], 0)
        if issue["digested_event_count"] <= last:
            return []
        events = []
        for event in self._read_pages(
            "/events/", {"issue": issue["id"], "order": "desc"}, deadline
        ):
            if event["digest_order"] <= last:
                break
            events.append(event)
        if events:
            self._newest_read[issue["id"]] = events[0]["digest_order"]
        return events

    def _read_pages(
        self, path: str, query: Mapping[str, str], deadline: Deadline
    ) -> Iterator[dict[str, Any]]:
        """Yield the rows of a list, page after page (250 rows each)."""
        page = self._api.get(f"{API}{path}", query, deadline=deadline)
        while True:
            try:
                rows, following = page["results"], page["next"]
            except (KeyError, TypeError) as error:
                raise UnreachableError(
                    f"{self._api.url} does not answer like Bugsink; check SENTRY_BACKEND."
                ) from error
            yield from rows
            if following is None:
                return
            page = self._api.get(following, deadline=deadline)


def parse_event(answer: Any, hex_id: str, url: str) -> ErrorEvent:
    """Return an event from Bugsink's answer.

    Raises:
        UnreachableError: the answer is not an event.
    """
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise UnreachableError(f"{url} did not return event {hex_id}.")
    exceptions = _parse_exceptions(data.get("exception"))
    return ErrorEvent(
        event_id=hex_id,
        title=_find_title(data, exceptions),
        environment=data.get("environment"),
        release=data.get("release"),
        tags=parse_tags(data.get("tags")),
        frames=parse_frames(exceptions),
        payload=data,
        url=_build_page_url(url, answer.get("issue"), answer.get("id")),
    )


def _build_page_url(url: str, issue: object, event: object) -> str:
    return f"{url}/issues/issue/{issue}/event/{event}/" if issue and event else ""


def _parse_exceptions(exception: object) -> list[dict[str, Any]]:
    """Return the chained exceptions, which an SDK may send as a list or as {"values": list}."""
    values = exception.get("values") if isinstance(exception, dict) else exception
    return [value for value in values or [] if value] if isinstance(values, list) else []


def _find_title(data: Mapping[str, Any], exceptions: list[dict[str, Any]]) -> str:
    if exceptions:
        return f"{exceptions[-1].get('type')}: {exceptions[-1].get('value')}"
    entry = data.get("logentry") or {}
    return str(entry.get("formatted") or entry.get("message") or data.get("message") or "")
