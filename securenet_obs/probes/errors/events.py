"""Interface of error event backends, shape of an event, and parsers of its id, tags and frames."""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypedDict

from securenet_obs.errors import NotFoundError, NotStoredError


class Frame(TypedDict):
    """One call of a stack trace; the innermost comes last."""

    function: str | None
    module: str | None
    filename: str | None
    lineno: int | None
    in_app: bool | None
    vars: dict[str, Any] | None


@dataclass(frozen=True)
class ErrorEvent:
    """One error event as its backend stored it.

    `payload` is the whole event in the backend's own shape; it and the frames' variables may hold
    unscrubbed secrets, so both are excluded from the repr.
    """

    event_id: str
    """32 lowercase hexadecimal digits."""
    title: str
    environment: str | None
    release: str | None
    tags: dict[str, str]
    frames: list[Frame] = field(repr=False)
    payload: dict[str, Any] = field(repr=False)
    url: str = ""
    """Address of its page in the backend's dashboard; empty if the backend does not tell."""

    @property
    def trace_id(self) -> str | None:
        """Return the trace id that links related events; Bugsink nests it under `data`."""
        for event in (self.payload, self.payload.get("data")):
            contexts = event.get("contexts") if isinstance(event, dict) else None
            if isinstance(contexts, dict) and isinstance(contexts.get("trace"), dict):
                return str(contexts["trace"].get("trace_id"))
        return None

    def contains(self, text: str) -> bool:
        """Return whether the stored event contains `text`, literally or JSON-escaped."""
        stored = _dump_json(self.payload)
        return text.encode("utf-8", "surrogatepass") in stored or _dump_json(text)[1:-1] in stored


@dataclass(frozen=True)
class StoredEvent:
    """An error event of a list: its issue, the time of its arrival, and all that is stored.

    `payload` may hold unscrubbed secrets, so it is excluded from the repr.
    """

    issue_id: str
    received: str
    """ISO 8601; `unknown` if the backend does not state it."""
    payload: dict[str, Any] = field(repr=False)


class ErrorEvents(Protocol):
    """A backend from which error events can be read back."""

    @property
    def stored_kinds(self) -> frozenset[str]:
        """Kinds of events this backend keeps: `errors`, `transactions`, ..."""
        ...

    def find(self, event_id: str, deadline_s: float, *, kind: str = "errors") -> ErrorEvent:
        """Return the event, polling for up to `deadline_s` seconds until it is there.

        Args:
            event_id: id from the SDK, with dashes or without.
            deadline_s: seconds after which the answer is "not found".
            kind: kind of event; one of `stored_kinds`.

        Raises:
            NotFoundError: the backend answers, but the event is missing until the deadline.
            ForbiddenError: the token may not read it; raised at once.
            UnreachableError: no valid answer until the deadline; an unknown host name and an
                untrusted certificate fail at once.
            NotStoredError: this backend drops events of this kind, so waiting is pointless.
        """
        ...


class ErrorBackend(ErrorEvents, Protocol):
    """A backend whose events can also be listed, and whose issues can be deleted."""

    def read_newest(self, count: int, deadline_s: float) -> Iterator[StoredEvent]:
        """Yield at most `count` error events, those of the most recently active issue first.

        Raises:
            ForbiddenError: the token may not read events.
            UnreachableError: no valid answer until the deadline.
        """
        ...

    def delete_issue(self, issue_id: str, deadline_s: float) -> None:
        """Delete an issue with all of its events; do nothing if it does not exist.

        Raises:
            ForbiddenError: the token may not delete issues.
            UnreachableError: no valid answer until the deadline.
        """
        ...


def normalise_event_id(event_id: str) -> str:
    """Normalise an event id to 32 lowercase hexadecimal digits.

    Raises:
        NotFoundError: it is not an event id; the SDK returns None for an event it did not send.
    """
    try:
        return uuid.UUID(event_id).hex
    except (ValueError, AttributeError, TypeError) as error:
        raise NotFoundError(
            f"{event_id!r} is not a valid event id (32 hexadecimal digits); no event was captured."
        ) from error


def require_stored_kind(backend: ErrorEvents, name: str, kind: str) -> None:
    """Refuse a kind of event that the backend called `name` does not store.

    Raises:
        NotStoredError: `kind` is not among `backend.stored_kinds`.
    """
    if kind not in backend.stored_kinds:
        kept = ", ".join(sorted(backend.stored_kinds))
        raise NotStoredError(f"{name} stores {kept} only; it accepts {kind} but drops them.")


def parse_tags(tags: object) -> dict[str, str]:
    """Return tags as a dict, from a dict, a list of pairs or a list of {key, value} objects."""
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    rows = tags if isinstance(tags, list) else []
    pairs = [(row.get("key"), row.get("value")) if isinstance(row, dict) else row for row in rows]
    return {str(pair[0]): str(pair[1]) for pair in pairs if pair is not None and len(pair) == 2}


def parse_frames(exceptions: Iterable[Mapping[str, Any]]) -> list[Frame]:
    """Return the frames of chained exceptions, causes first, from snake_case or camelCase keys."""
    return [
        Frame(
            function=frame.get("function"),
            module=frame.get("module"),
            filename=frame.get("filename"),
            lineno=frame.get("lineno", frame.get("lineNo")),
            in_app=frame.get("in_app", frame.get("inApp")),
            vars=frame.get("vars"),
        )
        for exception in exceptions
        for frame in (exception.get("stacktrace") or {}).get("frames") or []
    ]


def _dump_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
