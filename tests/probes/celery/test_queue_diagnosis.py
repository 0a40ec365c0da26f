import math

import pandas as pd
import pytest

from securenet_obs.probes.celery.queue_diagnosis import diagnose_queue, format_pool_grow_commands


def rates(depth: float, in_per_s: float, out_per_s: float, drain_s: float) -> pd.Series:
    """Return a row of `compute_queue_rates`."""
    return pd.Series(
        {
            "depth": depth,
            "in_per_s": in_per_s,
            "out_per_s": out_per_s,
            "time_to_drain_s": drain_s,
        }
    )


@pytest.mark.parametrize(
    ("row", "consumers", "oldest_s", "finding"),
    [
        (rates(0, 0, 0, 0), ["w"], math.nan, "the queue is empty"),
        (rates(0, 0, 0, 0), [], math.nan, "the queue is empty"),
        (rates(9, 1, 0, math.inf), [], math.nan, "no worker consumes the queue"),
        (rates(9, 1, 0, math.inf), ["w"], 400, "the workers are stuck"),
        (rates(9, 1, 2, 9), ["w"], 400, "the queue drains without action"),
        (rates(9, 3, 2, math.inf), ["w"], 3, "too few workers"),
        (rates(900, 1, 2, 900), ["w"], 3, "too few workers"),
    ],
)
def test_first_case_that_applies_determines_the_step(
    row: pd.Series, consumers: list[str], oldest_s: float, finding: str
) -> None:
    """The table has one finding that applies, and all cases."""
    table = diagnose_queue(row, consumers, oldest_s, max_drain_s=600)
    assert table.loc[table["applies"], "finding"].tolist() == [finding]
    assert len(table) == 5
    assert not table["evidence"].str.contains(r"\b(?:nan|inf)\b").any()


def test_pool_grow_command_names_worker_and_size() -> None:
    """The command is complete and shows the number of processes before and after."""
    pools = pd.DataFrame([("worker@host", 2, 1)], columns=["worker", "concurrency", "busy"])
    assert format_pool_grow_commands(pools, 3) == (
        "celery -A securenet_obs.workers.celery_app control --destination worker@host"
        " pool_grow 3  # from 2 to 5 processes"
    )
    assert "no worker answers" in format_pool_grow_commands(pools.iloc[:0], 3)
