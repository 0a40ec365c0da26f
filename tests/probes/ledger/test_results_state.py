"""State of the result database: emptied, full, or as it should be."""

from typing import Any

import pytest
import redis

from securenet_obs.drills.faults.redis_states import STATES
from securenet_obs.monitoring.metrics import ledger
from securenet_obs.probes.ledger import results_state
from securenet_obs.probes.ledger.results_state import BEGAN_KEY, ResultsState, read_results_state


def test_the_key_is_that_of_the_processes() -> None:
    """A key that only one side renames would explain nothing."""
    assert BEGAN_KEY == ledger.BEGAN_KEY


def test_a_database_without_a_beginning_explains_nothing(results: redis.Redis) -> None:
    """No process has recorded anything yet."""
    assert read_results_state(results) == ResultsState(None, "")
    assert read_results_state(results).explain(0.0) == ""


def test_tasks_from_before_the_beginning_are_explained(results: redis.Redis) -> None:
    """Later ones are not: their ends would be recorded."""
    results.set(BEGAN_KEY, "1795729040.000")
    state = read_results_state(results)
    assert state.explain(1_795_729_039.0) == (
        "the result database was emptied after it was sent, shortly before 2026-11-26T21:37:20Z"
    )
    assert state.explain(1_795_729_041.0) == ""


@pytest.mark.parametrize("name", ["OOM", "READONLY", "MISCONF"])
def test_a_database_that_refuses_writes_explains_every_task(redis_server: Any, name: str) -> None:
    """The reason is Redis's own code."""
    with (
        redis.Redis.from_url(redis_server.environment["REDIS_URL"], decode_responses=True) as admin,
        STATES[name](admin),
    ):
        state = read_results_state(admin)
    assert f"({name})" in state.explain(0.0)


def test_a_full_database_that_evicts_takes_writes() -> None:
    """A limit of memory alone is no refusal."""

    class Full:
        def info(self, section: str) -> dict[str, object]:
            figures = {"maxmemory": 1, "used_memory": 2, "maxmemory_policy": "allkeys-lru"}
            return figures if section == "memory" else {}

    full: Any = Full()
    assert results_state._find_refusal(full) == ""
