"""Beat's probe: a missing or misdated tick, and an entry that is overdue or misdated."""

import json
import time
from typing import Any

import pytest
import redis

from securenet_obs.drills.faults.redis_states import STATES
from securenet_obs.errors import RefusedError, UnreachableError
from securenet_obs.probes.celery.names import ENTRIES_KEY, TICK_KEY
from securenet_obs.probes.health.beat import probe_beat
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.settings import Settings


def record(settings: Settings, age_s: float, **entries: tuple[float, float | None]) -> None:
    """Record a tick of this age, and entries by the seconds until they are due, and periods."""
    now = time.time()
    rows = {
        name: json.dumps({"next": now + due_in_s, "period": period_s})
        for name, (due_in_s, period_s) in entries.items()
    }
    with redis.Redis.from_url(settings.results.get_secret_value()) as client:
        client.set(TICK_KEY, repr(now - age_s))
        if rows:
            client.hset(ENTRIES_KEY, mapping=rows)


@pytest.mark.parametrize(
    ("age_s", "entry", "problem"),
    [
        (1.0, (3.0, 4.0), ""),
        (1.0, (-50.0, 4.0), ""),
        (1.0, (1e6, None), ""),
        (90.0, (3.0, 4.0), "the last tick is 90.0 s old"),
        (-90.0, (3.0, 4.0), "the last tick is -90.0 s old"),
        (1.0, (-70.0, 4.0), "entry has been due for 70 s"),
        (1.0, (100.0, 4.0), "entry is due in 100 s, later than its period of 4 s"),
    ],
)
def test_beat_is_judged_by_its_effects(
    age_s: float, entry: tuple[float, float | None], problem: str, broker: Settings
) -> None:
    """A tick in the future is as wrong as an old one; an entry without a period has no bound."""
    record(broker, age_s, entry=entry)
    found = probe_beat(broker, 60.0)
    assert found.is_healthy == (not problem)
    assert problem in found.observed


def test_without_a_tick_beat_is_not_healthy(broker: Settings) -> None:
    """A beat that never ran has recorded nothing."""
    found = probe_beat(broker, 60.0)
    assert (found.is_healthy, found.observed) == (False, "no tick is recorded")


@pytest.mark.parametrize("state", ["READONLY", "OOM"])
def test_a_redis_that_takes_no_tick_is_not_a_fault_of_beat(broker: Settings, state: str) -> None:
    """Beat goes on when Redis accepts writes again; a supervisor that restarts it mends nothing."""
    record(broker, 90.0)
    url = broker.redis_url.get_secret_value()
    with (
        redis.Redis.from_url(url, decode_responses=True, single_connection_client=True) as admin,
        STATES[state](admin),
        pytest.raises(RefusedError),
    ):
        probe_beat(broker, 60.0)


def test_the_stacks_beat_is_healthy(target: Settings) -> None:
    """What a real beat records is what the probe reads."""
    found: Any = probe_beat(target, 60.0)
    assert found.is_healthy, found.observed
    assert "none of 5 entries" in found.observed


def test_an_unreachable_redis_is_no_verdict_on_beat() -> None:
    """Beat is not blamed for a Redis that does not answer."""
    url = f"redis://127.0.0.1:{find_free_ports(1)[0]}/0"
    with pytest.raises(UnreachableError):
        probe_beat(Settings.model_validate({"redis_url": url}), 60.0)
