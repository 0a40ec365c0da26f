"""W3C Trace Context: converts `traceparent` to Sentry's `sentry-trace`, and back.

Sentry's SDK for Python reads and writes `sentry-trace` only (getsentry/sentry-python#6578, open,
searched 2026-11-26). Both headers name the same trace; this module is the only one that knows both.
"""

import re

TRACEPARENT = "traceparent"
"""Name of the header."""

# Version, trace, parent span, flags; a later version may append fields.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]([0-9a-f])(?:-.*)?"
)
_SENTRY_TRACE = re.compile(r"([0-9a-f]{32})-([0-9a-f]{16})(?:-([01]))?")


def parse_traceparent(text: object) -> str | None:
    """Return the `sentry-trace` of a `traceparent`; None if it is not a valid one."""
    match = _TRACEPARENT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    trace_id, span_id, flags = match.groups()
    return f"{trace_id}-{span_id}-{int(flags, 16) & 1}"


def format_traceparent(sentry_trace: object) -> str | None:
    """Return the `traceparent` of a `sentry-trace`; an open decision counts as not sampled.

    None if it is not a valid one.
    """
    match = _SENTRY_TRACE.fullmatch(sentry_trace) if isinstance(sentry_trace, str) else None
    if match is None:
        return None
    trace_id, span_id, sampled = match.groups()
    return f"00-{trace_id}-{span_id}-0{sampled or 0}"
