"""Each cause for which Redis refuses writes has its row, with its step."""

from collections.abc import Iterator

import pytest
import redis

from securenet_obs.drills.faults.redis_states import STATES
from securenet_obs.oncall.actions.step import Manual
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.symptoms.redis_refuses_writes import RedisRefusesWrites
from securenet_obs.probes.celery.write_refusals import WriteState
from securenet_obs.settings import Settings
from tests.conftest import RedisServer

ROWS = {
    "READONLY": ("is a replica without its master", "promote_replica"),
    "MASTERDOWN": ("is a replica without its master", "promote_replica"),
    "MISCONF": ("cannot save its data", "retry_save"),
    "NOPERM": ("may not write", "grant_writes"),
    "OOM": ("is full", "securenet-obs run redis_is_full"),
    "NOREPLICAS": (
        "has too few replicas",
        'redis-cli -u "$RESULT_URL" CONFIG SET min-replicas-to-write 0',
    ),
    "BUSY": ("refuses for another cause", 'redis-cli -u "$RESULT_URL" INFO'),
}
"""State of Redis -> part of the row, and the name of the action or the command of its step."""


@pytest.fixture
def settings(redis_server: RedisServer) -> Settings:
    return Settings(**{name.lower(): value for name, value in redis_server.environment.items()})


@pytest.fixture
def admin(settings: Settings) -> Iterator[redis.Redis]:
    """Yield a client with one connection, which every state leaves open."""
    url = settings.redis_url.get_secret_value()
    with redis.Redis.from_url(url, decode_responses=True, single_connection_client=True) as client:
        client.ping()
        yield client


def applying(symptom: RedisRefusesWrites) -> list[Row]:
    return [row for row in symptom.decide() if row.applies]


@pytest.mark.parametrize("state", ROWS)
def test_a_cause_has_one_row(settings: Settings, admin: redis.Redis, state: str) -> None:
    """It applies alone, and nothing is verified while the state lasts."""
    finding, step = ROWS[state]
    symptom = RedisRefusesWrites(settings, deadline_s=0)
    with STATES[state](admin):
        symptom.look()
        (row,) = applying(symptom)
        assert not symptom.verify_writes().passed
    assert finding in row.finding
    assert row.step is not None
    assert (row.step.command if isinstance(row.step, Manual) else row.step.name) == step
    assert symptom.verify_writes().passed


def test_a_server_that_accepts_writes_has_none(settings: Settings) -> None:
    """And no Sentinel or cluster is known."""
    symptom = RedisRefusesWrites(settings)
    assert list(symptom.look()["write"]) == ["OK", "OK"]
    assert (applying(symptom), symptom.managers()) == ([], [])
    assert not symptom.verify_canaries().passed, "without a worker nothing is verified"


@pytest.mark.parametrize(
    ("code", "answer", "info", "finding", "command"),
    [
        (
            "READONLY",
            "a read only replica",
            {
                "role": "slave",
                "master_host": "redis-2",
                "master_port": 6379,
                "master_link_status": "up",
            },
            "its master is connected",
            "repoint_redis host=redis-2, port=6379",
        ),
        ("LOADING", "loading", {"loading": 1}, "loads its data", "securenet-obs probe redis"),
        (
            "NOPERM",
            "No permissions to access a key",
            {},
            "may not write",
            "redis-cli -u \"$REDIS_URL\" ACL SETUSER default '~*'",
        ),
    ],
)
def test_a_step_that_a_person_takes(
    settings: Settings, code: str, answer: str, info: dict[str, object], finding: str, command: str
) -> None:
    """Without a named action of the target, or the right, the command is printed."""
    symptom = RedisRefusesWrites(settings)
    symptom._before = [WriteState("broker", settings.redis_url, "REDIS_URL", code, answer, info)]
    (row,) = applying(symptom)
    assert finding in row.finding
    assert isinstance(row.step, Manual)
    assert row.step.command == command
