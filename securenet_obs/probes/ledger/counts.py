"""Reads the counts of log lines and error events, which processes add by slices of ten seconds."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Literal

from redis import Redis

COUNTS_KEY = "securenet:ledger:counts:"

SLICE_S = 10
"""Seconds of a slice; its name is the beginning of an ISO time, as `2026-11-26T21:37:2`."""

SLICE_CHARACTERS = 18

Kind = Literal["lines", "events"]
Counted = dict[tuple[str, str], Counter[str]]
"""Slice and service -> outcome -> number."""

_HOUR_S = 3600
_HOUR_CHARACTERS = 13


def name_slice(unix_s: float) -> str:
    """Return the name of the slice with this Unix time in seconds."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat()[:SLICE_CHARACTERS]


def parse_slice(name: str) -> float:
    """Return the Unix seconds of a slice's beginning."""
    return datetime.fromisoformat(f"{name}0+00:00").timestamp()


def read_counts(results: Redis, kind: Kind, since: str, until: str) -> Counted:
    """Return the counts of the slices from `since`, and before `until`."""
    counted: Counted = {}
    begin = parse_slice(since) // _HOUR_S * _HOUR_S
    for hour_at in range(int(begin), int(parse_slice(until)) + 1, _HOUR_S):
        fields: Any = results.hgetall(f"{COUNTS_KEY}{name_slice(hour_at)[:_HOUR_CHARACTERS]}")
        for field, number in fields.items():
            of_kind, slice_name, service, outcome = json.loads(field)
            if of_kind == kind and since <= slice_name < until:
                counted.setdefault((slice_name, service), Counter())[outcome] += int(number)
    return counted
