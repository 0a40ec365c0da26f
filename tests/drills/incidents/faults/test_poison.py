"""Faults of poisonous tasks leave a whole worker; the runbook's test uses both."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery import Celery
from kombu import Queue
from sqlalchemy import select

from securenet_obs.drills.incidents.faults import poison
from securenet_obs.stack import LocalStack
from securenet_obs.store import DeadLetter, session_at
from securenet_obs.workers.celery_fixes.requests import STARTS_KEY
from tests.conftest import RedisServer
from tests.waiting import eventually


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


@pytest.mark.slow
def test_a_task_that_the_restart_interrupts_is_not_buried(stack: LocalStack) -> None:
    """A consumer has taken it and ended; it would be a second letter in the next incident."""
    environment = stack.environment
    stack.stop_part("worker")
    with Celery(broker=environment["REDIS_URL"], backend=environment["RESULT_URL"]) as app:
        sent = app.send_task(
            "securenet_obs.workers.tasks.echo_canary", ["interrupted"], queue="canary"
        )
        with app.connection_for_read() as connection, connection.channel() as channel:
            # Those of beat may come first; all are delivered again when the channel closes.
            while Queue("canary")(channel).get().headers["id"] != sent.id:
                pass
        with poison.bury_poison(stack) as poisonous:
            assert sent.get(timeout=60)["canary"] == "interrupted"
            assert eventually(lambda: poison._delete_letter(stack, poisonous))


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
