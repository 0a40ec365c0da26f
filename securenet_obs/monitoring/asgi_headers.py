"""Headers of an ASGI request: their values; converts `traceparent` to Sentry's `sentry-trace`."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from securenet_obs.monitoring.w3c_trace import TRACEPARENT, parse_traceparent


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
    trace = parse_traceparent(header_value(scope, TRACEPARENT.encode()))
    if trace is None:
        return scope
    return {**scope, "headers": [*scope["headers"], (b"sentry-trace", trace.encode())]}
