"""Last times are reset while they lie in the future; a window's task carries its header."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from securenet_obs.oncall.actions.schedule import reset_last_times, run_window
from securenet_obs.settings import Settings
from tests.conftest import RedisServer

SENT = "securenet:beat:sent"


@pytest.fixture
def settings(redis_server: RedisServer) -> Iterator[Settings]:
    found = Settings(**{name.lower(): value for name, value in redis_server.environment.items()})
    yield found
    redis.Redis.from_url(found.results.get_secret_value()).delete(SENT)
    redis.Redis.from_url(found.redis_url.get_secret_value()).delete("default")


def test_only_times_in_the_future_are_reset(settings: Settings) -> None:
    """A repetition changes nothing."""
    client = redis.Redis.from_url(settings.results.get_secret_value())
    client.hset(SENT, mapping={"ahead": repr(time.time() + 900), "past": "5.0"})
    action = reset_last_times(settings, ["past", "ahead", "gone"])
    assert action.read_state() == {"entries": "ahead, gone, past"}
    assert action.run() == "set to now: ahead"
    recorded: Any = client.hgetall(SENT)
    assert recorded[b"past"] == b"5.0"
    assert float(recorded[b"ahead"]) <= time.time()
    assert action.run() == "set to now: none, they had passed"
    client.close()


def test_a_window_is_sent_in_a_header(settings: Settings) -> None:
    """Its task runs once for this window, by the header."""
    assert "sent as task" in run_window(settings, "a.dispatch", "2026-11-26T18:00Z").run()
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        message: Any = json.loads(client.rpop("default"))  # type: ignore[arg-type]
    assert message["headers"]["securenet_window"] == "2026-11-26T18:00Z"
    assert message["headers"]["task"] == "a.dispatch"
    assert json.loads(base64.b64decode(message["body"]))[0] == []
