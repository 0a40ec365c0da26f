"""The interface of every backend that stores error events, and what one event looks like."""

import json
import uuid
from collections.abc import Iterable, Mapping
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
    what should have been scrubbed, so neither shows in the repr.
    """

    event_id: str
    """32 lowercase hexadecimal digits."""
    title: str
    environment: str | None
    release: str | None
    tags: dict[str, str]
    frames: list[Frame] = field(repr=False)
    payload: dict[str, Any] = field(repr=False)

    @property
    def trace_id(self) -> str | None:
        """Return the trace by which the backend finds what belongs together; Bugsink nests it."""
        for event in (self.payload, self.payload.get("data")):
            contexts = event.get("contexts") if isinstance(event, dict) else None
            if isinstance(contexts, dict) and isinstance(contexts.get("trace"), dict):
                return str(contexts["trace"].get("trace_id"))
        return None

    def contains(self, text: str) -> bool:
        """Tell whether `text` is anywhere in the stored event, as it is or as JSON escapes it."""
        stored = _json_bytes(self.payload)
        return text.encode("utf-8", "surrogatepass") in stored or _json_bytes(text)[1:-1] in stored


class ErrorEvents(Protocol):
    """A backend that error events can be read back from."""

    @property
    def stores(self) -> frozenset[str]:
        """Kinds of events this backend keeps: `errors`, `transactions`, ..."""
        ...

    def find(self, event_id: str, deadline_s: float, *, kind: str = "errors") -> ErrorEvent:
        """Return the event, polling for up to `deadline_s` seconds until it is there.

        Args:
            event_id: the id the SDK gave, with dashes or without.
            deadline_s: seconds after which the answer is "not found".
            kind: what is looked for; one of `stores`.

        Raises:
            NotFoundError: the backend answered until the deadline that it is not there.
            ForbiddenError: the token may not read it; raised at once.
            UnreachableError: no answer that could be understood until the deadline; an unknown
                host name and an untrusted certificate are not waited for.
            NotStoredError: this backend drops events of this kind, so waiting is pointless.
        """
        ...

    def check_ins(self, monitor: str, deadline_s: float) -> list[dict[str, Any]]:
        """Return the last check-ins of a cron monitor, newest first, each with its `status`.

        Args:
            monitor: its slug, which is the name of beat's entry.
            deadline_s: seconds after which a monitor that does not exist is not found.

        Raises:
            NotFoundError, ForbiddenError, UnreachableError: as `find` does.
            NotStoredError: this backend answers check-ins and drops them.
        """
        ...


def normal_event_id(event_id: str) -> str:
    """Return an event id as 32 lowercase hexadecimal digits, whichever way it was written.

    Raises:
        NotFoundError: it is no event id: the SDK returns None for an event it did not send.
    """
    try:
        return uuid.UUID(event_id).hex
    except (ValueError, AttributeError, TypeError) as error:
        raise NotFoundError(
            f"{event_id!r} is no event id (32 hexadecimal digits): was anything captured?"
        ) from error


def expect_stored(backend: ErrorEvents, name: str, kind: str) -> None:
    """Refuse to look for what the backend called `name` never keeps.

    Raises:
        NotStoredError: `kind` is not among `backend.stores`.
    """
    if kind not in backend.stores:
        kept = ", ".join(sorted(backend.stores))
        raise NotStoredError(f"{name} keeps {kept} only: it accepts {kind} and drops them.")


def tags_of(tags: object) -> dict[str, str]:
    """Return tags as a dict, from a dict, a list of pairs or a list of {key, value} objects."""
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    rows = tags if isinstance(tags, list) else []
    pairs = [(row.get("key"), row.get("value")) if isinstance(row, dict) else row for row in rows]
    return {str(pair[0]): str(pair[1]) for pair in pairs if pair is not None and len(pair) == 2}


def frames_of(exceptions: Iterable[Mapping[str, Any]]) -> list[Frame]:
    """Return the frames of chained exceptions, causes first, whichever spelling they have."""
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


def _json_bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
