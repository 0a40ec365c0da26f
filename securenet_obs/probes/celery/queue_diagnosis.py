"""Diagnoses a growing queue by a decision table; formats commands that grow workers' pools."""

from collections.abc import Sequence

import pandas as pd

from securenet_obs.probes.celery.ages import describe_age
from securenet_obs.tables import seconds_text

STUCK_AFTER_S = 300.0
"""Seconds that a message may be in flight before its worker counts as stuck."""


def diagnose_queue(
    rates: pd.Series,
    consumers: Sequence[str],
    oldest_in_flight_s: float,
    *,
    max_drain_s: float,
    stuck_after_s: float = STUCK_AFTER_S,
) -> pd.DataFrame:
    """Return the decision table of one queue; the row that applies holds the next step.

    Args:
        rates: a row of `compute_queue_rates`: `depth`, `in_per_s`, `out_per_s`, `time_to_drain_s`.
        consumers: workers that report consuming the queue.
        oldest_in_flight_s: seconds that a worker has held the oldest message; NaN for none.
        max_drain_s: a queue that drains within this many seconds needs no action.
        stuck_after_s: see `STUCK_AFTER_S`.

    Returns:
        A row per case, in the order of evaluation: `applies` (at most one is True),
        `finding`, `evidence` and `step`.
    """
    drains = rates["time_to_drain_s"] <= max_drain_s
    stuck = oldest_in_flight_s > stuck_after_s and rates["out_per_s"] == 0
    cases = [
        (
            rates["depth"] == 0,
            "the queue is empty",
            f"depth {rates['depth']:.0f}",
            "none; check the queue and the time of the alert",
        ),
        (
            not consumers,
            "no worker consumes the queue",
            "no worker reports this queue",
            "start a worker with -Q and this queue; more concurrency changes nothing",
        ),
        (
            stuck,
            "the workers are stuck",
            f"oldest in flight: {describe_age(oldest_in_flight_s, 0)}; "
            f"{rates['out_per_s']:.1f}/s out",
            "restart the worker; its tasks are redelivered",
        ),
        (
            drains,
            "the queue drains without action",
            f"time to drain: {seconds_text(rates['time_to_drain_s'])}",
            "none; wait and check again",
        ),
        (
            True,
            "too few workers",
            f"{rates['in_per_s']:.1f}/s in, {rates['out_per_s']:.1f}/s out",
            "raise a worker's concurrency",
        ),
    ]
    table = pd.DataFrame(cases, columns=["applies", "finding", "evidence", "step"])
    table["applies"] &= ~table["applies"].cumsum().gt(1)
    return table


def format_pool_grow_commands(pools: pd.DataFrame, by: int) -> str:
    """Return commands that add `by` processes to each worker's pool, one line per worker.

    Args:
        pools: rows of `TaskProbe.pools`.
        by: processes to add.
    """
    grown = pools["concurrency"] + by
    lines = [
        f"celery -A securenet_obs.workers.celery_app control --destination {worker}"
        f" pool_grow {by}  # from {before} to {after} processes"
        for worker, before, after in zip(pools["worker"], pools["concurrency"], grown, strict=True)
    ]
    return "\n".join(lines) or "no worker answers; no pool can grow"
