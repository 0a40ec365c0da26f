"""Sentry's monitors of beat's entries: excluded entries; intervals rounded up to whole minutes."""

import math
from typing import Any

from sentry_sdk.crons.utils import _get_interval_schedule
from sentry_sdk.integrations.celery import beat

EXCLUDED_ENTRIES = ("^outbox$",)
"""Entries without a monitor: a store that is down fails them every few seconds."""


def _round_up(seconds: float) -> Any:
    return _get_interval_schedule(60 * max(1, math.ceil(seconds / 60)))


def round_intervals() -> None:
    """Monitor every entry with an interval; the SDK sends no check-in for some of them.

    A rounded monitor expects fewer check-ins than it gets; it still notices that they end.

    Upstream: no issue known (searched 2026-11-26); the SDK logs a warning and sends nothing. It can
    go when Sentry accepts intervals of seconds.
    """
    beat._get_interval_schedule = _round_up  # type: ignore[attr-defined]
