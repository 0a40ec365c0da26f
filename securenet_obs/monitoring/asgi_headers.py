"""Headers of an ASGI request: their values; converts `traceparent` to Sentry's `sentry-trace`."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

# W3C Trace Context: version, trace, parent span, flags; a later version may append fields.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]([0-9a-f])(?:-.*)?"
)


def header_values(scope: Mapping[str, Any], name: bytes) -> list[str]:
    """Return every value of a header, in order; `name` is in lower case, as ASGI has it."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def header_value(scope: Mapping[str, Any], name: bytes) -> str | None:
    """Return the value of a header; None if it is missing or repeated."""
    values = header_values(scope, name)
    return values[0] if len(values) == 1 else None


def add_sentry_trace(scope: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return a scope with its `traceparent` as `sentry-trace`, the only header Sentry's SDK reads.

    A `sentry-trace` header from the caller takes precedence.
    """
    if scope["type"] != "http" or any(name == b"sentry-trace" for name, _ in scope["headers"]):
        return scope
    match = _TRACEPARENT.fullmatch(header_value(scope, b"traceparent") or "")
    if match is None:
        return scope
    trace_id, span_id, flags = match.groups()
    parent = f"{trace_id}-{span_id}-{int(flags, 16) & 1}".encode()
    return {**scope, "headers": [*scope["headers"], (b"sentry-trace", parent)]}
