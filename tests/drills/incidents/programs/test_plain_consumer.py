"""The consumer without a lease holds messages as kombu's own transport does."""

import pytest
import redis

from securenet_obs.drills.incidents.faults.unacked_faults import take_and_die
from securenet_obs.errors import StackError
from tests.conftest import RedisServer


def test_a_queue_with_too_few_messages_is_reported(redis_server: RedisServer) -> None:
    """The fault would not be there."""
    url = redis_server.environment["REDIS_URL"]
    with pytest.raises(StackError, match="fewer messages"):
        take_and_die(url, "incident-empty", 1)
    with redis.Redis.from_url(url) as client:
        assert not client.exists("unacked")
