"""Redis's probe: a write to each database, which a Redis that only reads refuses."""

from typing import Any

import pytest
import redis

from securenet_obs.drills.faults.redis_states import STATES
from securenet_obs.errors import ForbiddenError, RefusedError, UnreachableError
from securenet_obs.probes.health.redis_writes import PROBE_KEY, probe_redis
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.settings import Settings


def test_a_write_leaves_a_key_that_expires(broker: Settings) -> None:
    """Both databases were written to."""
    found = probe_redis(broker)
    assert found.is_healthy
    for url in (broker.redis_url, broker.results):
        with redis.Redis.from_url(url.get_secret_value()) as client:
            assert 0 < client.ttl(PROBE_KEY) <= 60


@pytest.mark.parametrize("state", ["READONLY", "OOM"])
def test_a_redis_that_answers_pings_and_refuses_writes_fails(broker: Settings, state: str) -> None:
    """The state is one in which a ping is answered."""
    url: Any = broker.redis_url.get_secret_value()
    with (
        redis.Redis.from_url(url, decode_responses=True, single_connection_client=True) as admin,
        STATES[state](admin),
    ):
        assert admin.ping()
        with pytest.raises(RefusedError):
            probe_redis(broker)


def test_each_database_is_written_to(broker: Settings) -> None:
    """A broker that works does not hide results that do not."""
    url = broker.redis_url.get_secret_value()
    wrong = url.replace("redis://:", "redis://:not-")
    with pytest.raises(ForbiddenError, match="RESULT_URL"):
        probe_redis(Settings.model_validate({"redis_url": url, "result_url": wrong}))
    absent = f"redis://127.0.0.1:{find_free_ports(1)[0]}/0"
    with pytest.raises(UnreachableError, match="REDIS_URL"):
        probe_redis(Settings.model_validate({"redis_url": absent, "result_url": url}))
