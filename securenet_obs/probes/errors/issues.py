"""Issues of a Sentry backend: interface, shape of an issue and of its events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from securenet_obs.errors import UnreachableError
from securenet_obs.redaction import redact_text


@dataclass(frozen=True)
class IssueEvent:
    """One event of an issue; a field that its backend does not list is empty.

    Args:
        event_id: id from the SDK, 32 hexadecimal digits.
        at: time of the event.
        url: address of its page.
        release: release of the process.
        tenant_id: tenant of the request or task.
        place: route or task.
        trace_id: trace of the request or task.
    """

    event_id: str
    at: datetime
    url: str
    release: str = ""
    tenant_id: str = ""
    place: str = ""
    trace_id: str = ""


@dataclass(frozen=True)
class Issue:
    """An issue: events of one cause.

    Args:
        id: id in the backend's API.
        name: short name on the backend's pages.
        title: type and message of the error, with secrets masked.
        first_seen: time of its first event.
        is_muted: whether it is muted.
        url: address of its page.
        events: its newest events, the newest first; see `Issues.list_recent`.
    """

    id: str
    name: str
    title: str
    first_seen: datetime
    is_muted: bool
    url: str
    events: Sequence[IssueEvent] = ()


class Issues(Protocol):
    """A backend that groups error events into issues.

    Every method raises ForbiddenError if the token may not read them, and UnreachableError if no
    valid answer arrives before the deadline.
    """

    def list_recent(self, since: datetime, deadline_s: float) -> list[Issue]:
        """Return the issues with events since a time, the most recently active first.

        Each has its events since that time: the newest page of the backend, 100 at least. The
        newest event has all fields that the backend stores.
        """
        ...

    def read(self, name: str, deadline_s: float) -> Issue:
        """Return an issue by its id or name, without events.

        Raises:
            NotFoundError: the project has no such issue.
        """
        ...


def parse_time(text: Any, url: str) -> datetime:
    """Return a time of a backend's answer.

    Raises:
        UnreachableError: it is not ISO 8601.
    """
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise UnreachableError(f"{url} does not return times of issues.") from error


def join_title(kind: object, message: object) -> str:
    """Return the title of an issue, in one line and with secrets masked."""
    parts = (str(part) for part in (kind, message) if part)
    return redact_text(" ".join(": ".join(parts).split()))
