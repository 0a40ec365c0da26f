"""Faults of the schedule leave its records as they were; the runbook's test uses all of them."""

import time
from typing import Any

import redis

from securenet_obs.drills.incidents.faults.stopped_schedule import ENTRY, date_ahead
from securenet_obs.stack import LocalStack
from securenet_obs.workers.schedule import SENT_KEY


def test_a_changed_time_is_put_back(stack: LocalStack) -> None:
    """Whether or not the entry was ever sent."""
    with redis.Redis.from_url(stack.environment["RESULT_URL"]) as results:
        before = results.hget(SENT_KEY, ENTRY)
        with date_ahead(stack):
            during: Any = results.hget(SENT_KEY, ENTRY)
        assert float(during) > time.time()
        assert results.hget(SENT_KEY, ENTRY) == before
