"""Faults of poisonous tasks leave a whole worker; the runbook's test uses both."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from sqlalchemy import select

from securenet_obs.drills.incidents.faults import poison
from securenet_obs.stack import LocalStack
from securenet_obs.store import DeadLetter, session_at
from securenet_obs.workers.celery_fixes.requests import STARTS_KEY
from tests.conftest import RedisServer


def test_the_key_is_that_of_the_workers() -> None:
    """Otherwise the fault would wait for nothing."""
    assert STARTS_KEY.format(task_id="t1") == poison.STARTS_KEY.format("t1")


@pytest.mark.slow
def test_the_fault_leaves_no_dead_letter(stack: LocalStack) -> None:
    """The whole worker that follows records one; the runbook would find it in the next incident."""
    with session_at(stack.environment["DATABASE_URL"]) as session:
        before = session.scalars(select(DeadLetter.task_id)).all()
    with poison.loop_poison(stack):
        pass
    with session_at(stack.environment["DATABASE_URL"]) as session:
        assert session.scalars(select(DeadLetter.task_id)).all() == before


def test_a_result_of_a_running_task_is_not_its_end(redis_server: RedisServer) -> None:
    """The fault would be removed before the dead letter is recorded."""
    stack: Any = SimpleNamespace(environment=redis_server.environment)
    key = "celery-task-meta-a-poison"
    with redis.Redis.from_url(redis_server.environment["RESULT_URL"]) as results:
        results.set(key, '{"status": "STARTED"}', ex=60)
        end = threading.Timer(0.3, results.set, (key, '{"status": "FAILURE"}', 60))
        end.start()
        assert poison._wait_for_end(stack, "a-poison") == "FAILURE"
        end.join()
        results.delete(key)
