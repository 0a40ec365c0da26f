"""Workers are asked over a real Redis, whatever has become of it since they were asked last."""

import time
from typing import Any

import pytest
import redis
from sqlalchemy import make_url

from securenet_obs.drills.proxy import Proxy
from securenet_obs.errors import ForbiddenError, UnreachableError
from securenet_obs.probes.celery.client import open_inspector, query_workers
from securenet_obs.settings import Settings
from tests.busy import room_for


def at(url: str, **changed: Any) -> Settings:
    """Return the settings of a Redis, at another port or with another password."""
    return Settings(redis_url=make_url(url).set(**changed).render_as_string(hide_password=False))


@pytest.fixture
def url(redis_server: Any) -> str:
    """Return the URL of a real Redis without workers."""
    return str(redis_server.environment["REDIS_URL"])


def test_a_connection_that_was_closed_meanwhile_is_not_used(url: str) -> None:
    """Redis was restarted; that its workers were gone would be a false alarm."""
    for _ in range(2):
        with open_inspector(at(url), 0.1) as inspect:
            assert inspect.ping() is None
        with redis.Redis.from_url(url) as client:
            client.client_kill_filter(_type="normal", skipme=True)


def test_only_the_first_question_is_waited_for(broker: Settings, worker: None) -> None:
    """Of all workers nobody knows how many will answer; of those that did, it is known."""
    began = time.monotonic()
    with open_inspector(broker, 2) as inspect:
        answers = query_workers(inspect, "active_queues", "conf", "report")
    # Three times two seconds without it.
    assert 2 <= time.monotonic() - began < room_for(4)
    (name,) = answers[0]
    assert [list(answer) for answer in answers] == [[name]] * 3
    assert (answers[0][name][0]["name"], "ok" in answers[2][name]) == ("default", True)


def test_without_an_answer_to_the_first_question_no_other_is_asked(url: str) -> None:
    """Without a name, all workers would be asked."""
    with redis.Redis.from_url(url) as client, open_inspector(at(url), 0.1) as inspect:
        before = publications(client)
        assert query_workers(inspect, "stats", "active") == [{}, {}]
        assert publications(client) == before + 1


def publications(client: redis.Redis) -> int:
    """Return how many messages were sent to Redis's subscribers, as questions to workers are."""
    return int(client.info("commandstats").get("cmdstat_publish", {"calls": 0})["calls"])


def test_a_broker_that_is_away_is_told_soon() -> None:
    """The setting is named that leads there."""
    began = time.monotonic()
    with (
        pytest.raises(UnreachableError, match="REDIS_URL"),
        open_inspector(at("redis://127.0.0.1:1/0"), 9),
    ):
        pytest.fail("there is nobody to ask")
    assert time.monotonic() - began < room_for(3)


def test_a_broker_that_refuses_is_told(url: str) -> None:
    """It is there, and the password is wrong."""
    with (
        pytest.raises(ForbiddenError, match="REDIS_URL"),
        open_inspector(at(url, password="no"), 0.1),
    ):
        pytest.fail("nobody may be asked")


def test_a_broker_that_falls_silent_is_told(url: str) -> None:
    """It answered when it was looked for, and does not when workers are asked."""
    with pytest.raises(UnreachableError, match="REDIS_URL"):
        ask_into_silence(url)


def ask_into_silence(url: str) -> None:
    """Ask the workers through a network that has begun to swallow everything."""
    with (
        Proxy(make_url(url).port or 6379) as proxy,
        open_inspector(at(url, host="127.0.0.1", port=proxy.port), 0.1) as inspect,
    ):
        proxy.drops_traffic = True
        inspect.ping()
