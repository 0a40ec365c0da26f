"""Faults of what the ledger accounts for that are made beside a changed part."""

import json
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
from securenet_obs.monitoring.metrics.ledger import BEGAN_KEY, UNANSWERED_KEY
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack
from securenet_obs.workers.celery_app import TASKS, create_celery
from securenet_obs.workers.names import LEDGER_ENDED_KEY, LEDGER_SENT_KEY
from tests.notebooks.runs import Run
from tests.waiting import eventually

LEDGER = "11_nothing_is_missing"

VANISHED = {"no task is missing", "no event was dropped", "no line is missing"}
FORGOTTEN = {
    "the result database knows every end",
    "no event is missing",
    "the services count their lines",
}

_JOB = """
import time
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
ends_at = time.monotonic() + 300
while time.monotonic() < ends_at:
    structlog.get_logger("job").error("failed")
    recorder.record()
    time.sleep(0.5)
"""
"""A process that captures errors, and has no answer of Sentry."""


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


def find_first_batch(broker: redis.Redis, since: float) -> float:
    """Return the Unix seconds of the first batch of logs that was sent since then; 0 for none."""
    records: Any = broker.xrange(LEDGER_SENT_KEY, f"{round(since * 1e3)}")
    task = f"{TASKS}.process_network_logs".encode()
    numbers = [number for number, fields in records if fields[b"task"] == task]
    return int(numbers[0].partition(b"-")[0]) / 1e3 if numbers else 0.0


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
        redis.Redis.from_url(stack.environment["REDIS_URL"]) as broker,
    ):

        def empty_results() -> None:
            with results.pipeline() as pipe:
                pipe.delete(LEDGER_ENDED_KEY)
                pipe.set(BEGAN_KEY, time.time())
                pipe.execute()

        environment["SENTRY_DSN"] = f"http://key@127.0.0.1:{silent.getsockname()[1]}/1"
        log = Path(stack.environment["LOG_SOURCE"]) / "job.log"
        with log.open("wb") as output:
            job = subprocess.Popen([sys.executable, "-c", _JOB], env=environment, stdout=output)

        def read_captured() -> list[float]:
            rows = map(json.loads, results.hvals(UNANSWERED_KEY))
            return [row["captured_at"] for row in rows if row["service"] == "securenet-job"]

        def end_job() -> None:
            # Its events are in the period, and it is gone long enough when the notebook looks.
            first_at = find_first_batch(broker, began_at)
            if first_at and max(read_captured()) > first_at:
                job.kill()

        try:
            assert eventually(read_captured, 60)
            began_at = time.time()
            with repeated(empty_results, 1.0), repeated(end_job, 0.2):
                done = run(FORGOTTEN, run_notebook, 45)
        finally:
            job.kill()
            job.wait(60)
            log.unlink()
        assert "emptied after it was sent" in done.text
        results.set(BEGAN_KEY, 0)
