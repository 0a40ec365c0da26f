"""The client queries workers over a real Redis, also after a restart or a fault of Redis."""

import time
from typing import Any

import pytest
import redis
from sqlalchemy import make_url

from securenet_obs.drills.faults.proxy import Proxy
from securenet_obs.errors import ForbiddenError, UnreachableError
from securenet_obs.probes.celery.client import open_inspector, query_workers
from securenet_obs.settings import Settings
from tests.busy import room_for
from tests.held_messages import KEYS, hold


def at(url: str, **changed: Any) -> Settings:
    """Return the settings of a Redis, at another port or with another password."""
    return Settings(redis_url=make_url(url).set(**changed).render_as_string(hide_password=False))


@pytest.fixture
def url(redis_server: Any) -> str:
    """Return the URL of a real Redis without workers."""
    return str(redis_server.environment["REDIS_URL"])


def test_closed_connection_is_not_reused(url: str) -> None:
    """After a restart of Redis, a kept connection would make the workers seem to be gone."""
    for _ in range(2):
        with open_inspector(at(url), 0.1) as inspect:
            assert inspect.ping() is None
        with redis.Redis.from_url(url) as client:
            client.client_kill_filter(_type="normal", skipme=True)


def test_only_the_first_question_takes_the_whole_timeout(broker: Settings, worker: None) -> None:
    """The number of workers is unknown at first, and known after the first question."""
    began = time.monotonic()
    with open_inspector(broker, 2) as inspect:
        answers = query_workers(inspect, "active_queues", "conf", "report", *["active"] * 5)
    # Eight times two seconds without it.
    assert 2 <= time.monotonic() - began < room_for(2.4)
    (name,) = answers[0]
    assert [list(answer) for answer in answers] == [[name]] * 8
    assert (answers[0][name][0]["name"], "ok" in answers[2][name]) == ("default", True)


def test_no_further_question_without_an_answer_to_the_first(url: str) -> None:
    """Without a destination, the question would go to all workers."""
    # Workers of other tests publish their heartbeats through this Redis: in other databases.
    unused = at(url, database="15")
    with redis.Redis.from_url(url) as client, client.pubsub() as published:
        published.psubscribe("/15.*")
        assert published.get_message(timeout=60) is not None
        with open_inspector(unused, 0.1) as inspect:
            assert query_workers(inspect, "stats", "active") == [{}, {}]
        messages = list(iter(lambda: published.get_message(timeout=1), None))
    assert [message["channel"] for message in messages] == [b"/15.celery.pidbox"]


def test_messages_in_flight_stay_with_their_worker(url: str) -> None:
    """The target's visibility timeout may be longer than kombu's default, an hour."""
    with redis.Redis.from_url(url) as client:
        hold(client, "tag", age_s=86_400)
        try:
            with open_inspector(at(url), 0.2) as inspect:
                assert inspect.ping() is None
            assert client.hexists("unacked", "tag")
        finally:
            client.delete(*KEYS)


def test_unavailable_broker_is_reported_at_once() -> None:
    """The error names the setting."""
    began = time.monotonic()
    with (
        pytest.raises(UnreachableError, match="REDIS_URL"),
        open_inspector(at("redis://127.0.0.1:1/0"), 60),
    ):
        pytest.fail("an unavailable broker yields no inspector")
    assert time.monotonic() - began < room_for(3)


def test_wrong_password_is_forbidden(url: str) -> None:
    """Redis answers and refuses the password."""
    with (
        pytest.raises(ForbiddenError, match="REDIS_URL"),
        open_inspector(at(url, password="no"), 0.1),
    ):
        pytest.fail("a refusing broker yields no inspector")


def test_broker_that_stops_answering_is_unreachable(url: str) -> None:
    """Redis answers the ping, but not the question to the workers."""
    with pytest.raises(UnreachableError, match="REDIS_URL"):
        ask_into_silence(url)


def ask_into_silence(url: str) -> None:
    """Query the workers through a proxy that drops all traffic."""
    with (
        Proxy(make_url(url).port or 6379) as proxy,
        open_inspector(at(url, host="127.0.0.1", port=proxy.port), 0.1) as inspect,
    ):
        proxy.drops_traffic = True
        inspect.ping()
