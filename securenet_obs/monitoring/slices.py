"""Names slices of ten seconds, in which the ledger counts outcomes of log lines and events."""

from datetime import UTC, datetime

SLICE_CHARACTERS = 18
"""Characters of an ISO time in UTC that name a slice of ten seconds, as `2026-11-26T21:37:2`."""

MAX_SLICES = 1_000
"""Number of slices with counts that a process keeps while they are not taken."""

Counts = dict[tuple[str, str], int]
"""Slice and outcome -> number."""


def name_slice(unix_s: float) -> str:
    """Return the slice of a Unix time in seconds."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat()[:SLICE_CHARACTERS]
