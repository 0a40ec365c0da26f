"""Faults of what the ledger accounts for that are made beside a changed part."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from celery.result import denied_join_result
from kombu import Queue

from securenet_obs.drills.doubt import KNOWN_FAULTS
from securenet_obs.monitoring.metrics.ledger import BEGAN_KEY
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack
from securenet_obs.workers.celery_app import TASKS, create_celery
from securenet_obs.workers.names import LEDGER_ENDED_KEY
from tests.notebooks.runs import Run

LEDGER = "11_nothing_is_missing"

VANISHED = {"no task is missing", "no event was dropped", "no line is missing"}
FORGOTTEN = {
    "the result database knows every end",
    "no event is missing",
    "the services count their lines",
}

_DYING = """
import os, sys, time
from securenet_obs.monitoring import start_monitoring
from securenet_obs.monitoring.metrics.recorder import MetricsRecorder
from securenet_obs.monitoring.sentry.delivery.transport import CountingTransport
from securenet_obs.settings import get_settings
import structlog
# Not one of its events is dropped because the answer does not come: that is another fault.
CountingTransport.TIMEOUT = 600
settings = get_settings()
start_monitoring(settings, "securenet-job")
recorder = MetricsRecorder(settings.results.get_secret_value(), "securenet-job")
ends_at = time.monotonic() + 30
while time.monotonic() < ends_at:
    structlog.get_logger("job").error("failed")
    recorder.record()
    time.sleep(0.5)
os._exit(1)
"""
"""A process that captures errors, and ends before Sentry has answered.

It lasts until the notebook's period has begun, which a busy machine delays, and ends early enough
for the notebook to see that it is gone.
"""


@contextmanager
def repeated(act: Callable[[], object], interval_s: float) -> Iterator[None]:
    """Call a function at intervals during a block, from a thread."""
    end = threading.Event()

    def work() -> None:
        while not end.wait(interval_s):
            act()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def run(red: set[str], run_notebook: Run, deadline_s: int) -> Any:
    """Run the notebook, and expect exactly the red checks."""
    done = run_notebook(LEDGER, f"deadline_s={deadline_s}")
    assert (done.verdict, done.red) == (Verdict.FAILED, red)
    return done


@pytest.mark.slow
def test_messages_events_and_lines_that_vanish_are_noticed(
    stack: LocalStack, run_notebook: Run
) -> None:
    """Messages that are deleted from Redis are named by their ids."""
    values = {name.lower(): value for name, value in stack.environment.items()}
    settings = Settings.model_validate({name: values[name] for name in ("redis_url", "result_url")})
    deleted: list[str] = []
    with (
        redis.Redis.from_url(stack.environment["REDIS_URL"]) as client,
        create_celery(settings) as sender,
    ):

        def delete_message() -> None:
            with denied_join_result():
                sent = sender.send_task(f"{TASKS}.echo_canary", ["x"], queue=Queue("unconsumed"))
            client.delete("unconsumed", "_kombu.binding.unconsumed")
            deleted.append(sent.id)

        with KNOWN_FAULTS["lines-vanish"].hold(stack), repeated(delete_message, 0.1):
            done = run(VANISHED, run_notebook, 22)
    named = [task_id for task_id in deleted if task_id in done.text]
    assert named


@pytest.mark.slow
def test_lost_results_events_and_counts_are_noticed(stack: LocalStack, run_notebook: Run) -> None:
    """A result database that was emptied, and a process that ended with events in its queue."""
    environment = {**os.environ, **stack.environment}
    with (
        KNOWN_FAULTS["lines-uncounted"].hold(stack),
        socket.create_server(("127.0.0.1", 0)) as silent,
        redis.Redis.from_url(stack.environment["RESULT_URL"]) as results,
    ):

        def empty_results() -> None:
            with results.pipeline() as pipe:
                pipe.delete(LEDGER_ENDED_KEY)
                pipe.set(BEGAN_KEY, time.time())
                pipe.execute()

        environment["SENTRY_DSN"] = f"http://key@127.0.0.1:{silent.getsockname()[1]}/1"
        log = Path(stack.environment["LOG_SOURCE"]) / "job.log"
        with log.open("wb") as output:
            dying = subprocess.Popen([sys.executable, "-c", _DYING], env=environment, stdout=output)
        try:
            with repeated(empty_results, 1.0):
                done = run(FORGOTTEN, run_notebook, 45)
        finally:
            assert dying.wait(30) == 1
            log.unlink()
        assert "emptied after it was sent" in done.text
        results.set(BEGAN_KEY, 0)
