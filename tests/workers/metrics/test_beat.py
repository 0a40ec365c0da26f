"""Beat's lag: age of the tick, delay of entries."""

import json
import time
from typing import Any

import pytest
import redis

from securenet_obs.workers.metrics.beat import read_beat
from securenet_obs.workers.names import TICK_KEY
from securenet_obs.workers.schedule import ENTRIES_KEY


def test_ticks_and_overdue_entries_are_read(redis_server: Any) -> None:
    """Without a record there is no sample; an entry that is not due has the delay 0."""
    url = redis_server.environment["REDIS_URL"].removesuffix("0") + "13"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        assert [family.samples for family in read_beat(client)] == [[], []]
        now = time.time()
        client.set(TICK_KEY, repr(now - 30))
        due = {"late": now - 70, "early": now + 900}
        rows = {name: json.dumps({"next": at}) for name, at in due.items()}
        client.hset(ENTRIES_KEY, mapping=rows)
        age, delay = (family.samples for family in read_beat(client))
    assert age[0].value == pytest.approx(30, abs=5)
    assert {each.labels["entry"]: each.value for each in delay} == {
        "early": 0,
        "late": pytest.approx(70, abs=5),
    }
