"""Computes and describes the ages of Celery messages: waiting since sending, held by a worker."""

import json
import math
import time
from collections.abc import Iterable, Sequence
from typing import Any

SENT_AT_HEADER = "securenet_sent_at"
"""Header of SecureNet's tasks: time of sending in epoch seconds. Defined again here because probes
share no code with the sender; other producers do not set it."""

OLDEST_IN_FLIGHT = ("ZRANGE", "unacked_index", 0, 0, "WITHSCORES")
"""Redis command that reads the oldest unacknowledged message; `compute_held_s` takes its answer."""


def compute_waiting_s(message: bytes | None) -> float:
    """Return how many seconds a message has waited; NaN without a message or its header.

    Never negative: the sender's clock may be ahead of ours.
    """
    sent = _parse_sent_at(message)
    return math.nan if sent is None else max(0.0, time.time() - sent)


def compute_held_s(oldest: Sequence[Any]) -> float:
    """Return how many seconds a worker has held the message of `OLDEST_IN_FLIGHT`, or NaN."""
    return max(0.0, time.time() - float(oldest[1])) if oldest else math.nan


def find_longest(seconds: Iterable[float]) -> float:
    """Return the greatest known age, NaN if none is known."""
    return max((value for value in seconds if not math.isnan(value)), default=math.nan)


def describe_age(seconds: float, count: float) -> str:
    """Return the age of the oldest of `count` messages as text.

    Args:
        seconds: the age, NaN if it is unknown.
        count: number of messages.

    Returns:
        `12.3 s`; `none` without messages; `unknown`, with the reason, if the header is missing.
    """
    if not math.isnan(seconds):
        return f"{seconds:.1f} s"
    return f"unknown: no header {SENT_AT_HEADER}" if count else "none"


def _parse_sent_at(message: bytes | None) -> float | None:
    try:
        sent = json.loads(message or b"")["headers"][SENT_AT_HEADER]
        is_time = type(sent) in (int, float) and math.isfinite(sent)
    except (ValueError, TypeError, LookupError, OverflowError):
        # Another producer's message, or an empty list: the age is unknown.
        return None
    return float(sent) if is_time else None
