"""Changes that are planted on the real stack rank first among the changes since the green run."""

import pytest
import redis

from securenet_obs.stack import LocalStack
from tests.notebooks.runs import Run

BROKER = "08_the_broker_is_safe"


@pytest.mark.slow
def test_redis_and_parameters_are_compared_with_the_green_run(
    stack: LocalStack, run_notebook: Run
) -> None:
    """Each change is beside innocent ones: a raised deadline, and another option of Redis."""
    assert run_notebook(BROKER).red == set()
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:
        try:
            client.config_set("slowlog-max-len", 256)
            client.config_set("maxmemory-policy", "allkeys-lru")
            done = run_notebook(BROKER, "deadline_s=3")
        finally:
            client.config_set("maxmemory-policy", "noeviction")
        strict = run_notebook(BROKER, "deadline_s=3", "largest_memory_share=0.0000001")
        client.config_set("slowlog-max-len", 128)
    assert done.red == {"no key is evicted"}
    first, *others = [(row["kind"], row["what"], row["after"]) for row in done.changes]
    assert first == ("redis", "maxmemory-policy", "allkeys-lru")
    assert set(others) == {("parameter", "deadline_s", "3.0"), ("redis", "slowlog-max-len", "256")}
    assert others[-1][0] == "parameter"
    assert strict.red == {"Redis has free memory"}
    assert strict.changes[0]["what"] == "largest_memory_share"


@pytest.mark.slow
def test_another_setting_is_compared_with_the_green_run(
    stack: LocalStack, run_notebook: Run
) -> None:
    """Results in the broker's database fail one check; the setting ranks before the log level."""
    assert run_notebook(BROKER).red == set()
    others = {"RESULT_URL": stack.environment["REDIS_URL"], "LOG_LEVEL": "WARNING"}
    done = run_notebook(BROKER, environment=others)
    assert "queues and results have separate databases" in done.red
    assert [row["what"] for row in done.changes] == ["RESULT_URL", "LOG_LEVEL"]
    assert stack.environment["REDIS_URL"] not in str(done.changes)
