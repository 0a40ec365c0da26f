"""A first look names depths, messages in flight and workers, without pandas; it never raises."""

import subprocess
import sys

import redis

from securenet_obs.oncall.glance import glance
from securenet_obs.settings import Settings
from tests.conftest import RedisServer


def test_queues_and_workers_are_one_sentence(redis_server: RedisServer) -> None:
    """All lists of a queue's priorities count."""
    url = redis_server.environment["REDIS_URL"]
    with redis.Redis.from_url(url) as client:
        client.rpush("glanced", "1", "2")
        client.rpush("glanced\x06\x163", "1")
        try:
            text = glance(Settings(redis_url=url), ["glanced"])
        finally:
            client.delete("glanced", "glanced\x06\x163")
    assert text.startswith("3 messages wait in glanced, 0 are in flight; workers that answer")
    assert text.endswith("within 1 s: none, glanced is consumed by none")


def test_a_redis_that_does_not_answer_is_the_sentence() -> None:
    """The first look of a runbook that repairs Redis."""
    assert "does not answer" in glance(Settings(redis_url="redis://127.0.0.1:1/0"), ["logs"])


def test_it_needs_no_pandas() -> None:
    """pandas takes as long to import as everything else of the first look."""
    code = (
        "import sys\n"
        "from securenet_obs import oncall, tables\n"
        "tables.format_tables(); oncall.open_runbook; oncall.Runbook.glance\n"
        "print(sorted({'pandas', 'matplotlib', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
