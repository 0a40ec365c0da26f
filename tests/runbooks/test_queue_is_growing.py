"""The runbook for a growing queue leads from the alert to the verified repair of a real backlog."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.probes import ApiClient, TaskProbe, generate_network_records
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack, build_worker_command
from securenet_obs.workers.celery_app import create_celery
from tests.waiting import eventually

FAULTY = Path(__file__).parents[1] / "notebooks" / "faulty.py"
RUNBOOK = "queue_is_growing"


@pytest.fixture
def backlog(stack: LocalStack) -> Iterator[TaskProbe]:
    """Submit three times as many batches as a slow worker with one process handles."""
    slow = [sys.executable, str(FAULTY), "slow_worker", *build_worker_command(1)[2:]]
    settings = settings_of(stack)
    stack.restart_part("worker", command=slow)
    with sending(ApiClient(settings), per_s=6):
        yield TaskProbe(settings)
    stack.restart_part("worker")


@contextmanager
def sending(api: ApiClient, per_s: float) -> Iterator[None]:
    """Submit small batches at a steady rate for a block."""
    ended = threading.Event()

    def send() -> None:
        while not ended.wait(1 / per_s):
            api.submit_logs("tenant-canary", generate_network_records(2))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def settings_of(stack: LocalStack) -> Settings:
    """Return the settings of the stack."""
    return Settings(**{name.lower(): value for name, value in stack.environment.items()})


def test_it_leads_from_a_backlog_to_a_verified_repair(
    stack: LocalStack, backlog: TaskProbe, run_notebook: Callable[..., Any]
) -> None:
    """It reports the cause, changes nothing itself, and passes after its command was run."""
    parameters = ["window_s=4", "grow_by=5", "longest_drain_s=60"]
    before = run_notebook(RUNBOOK, *parameters)
    assert before.verdict == Verdict.FAILED
    assert before.red == {"the queue is empty or drains in time"}
    assert re.search(r"True\s+too few workers", before.text)
    assert backlog.pools()["concurrency"].tolist() == [1]

    command = re.search(r"celery -A [\w.]+ control --destination \S+ pool_grow 5", before.text)
    assert command is not None
    subprocess.run(
        [sys.executable, "-m", *command[0].split()],
        env={**os.environ, **stack.environment},
        check=True,
        timeout=60,
    )
    assert eventually(lambda: backlog.pools()["concurrency"].tolist() == [6])

    after = run_notebook(RUNBOOK, *parameters)
    assert (after.verdict, after.red) == (Verdict.PASSED, set())


def test_a_queue_without_a_consumer_differs_from_a_slow_one(
    stack: LocalStack, run_notebook: Callable[..., Any]
) -> None:
    """The table names the missing consumer, since more concurrency would not help."""
    stack.restart_part("worker", command=build_worker_command(queues=("default", "canary")))
    try:
        ApiClient(settings_of(stack)).submit_logs("tenant-canary", generate_network_records(2))
        done = run_notebook(RUNBOOK, "window_s=1")
    finally:
        stack.restart_part("worker")
    assert done.verdict == Verdict.FAILED
    assert done.red == {"the queue has a consumer", "the queue is empty or drains in time"}
    assert re.search(r"True\s+no worker consumes the queue", done.text)


def test_a_consumer_that_goes_away_after_the_look_is_noticed(
    stack: LocalStack, run_notebook: Callable[..., Any], tmp_path: Path
) -> None:
    """The verification reads the consumers again, since earlier ones may have stopped."""

    def acted() -> bool:
        saved = (tmp_path / "evidence").rglob(f"{RUNBOOK}.ipynb")
        return any("processes\\n" in path.read_text() for path in saved)

    try:
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(run_notebook, RUNBOOK, "window_s=6")
            assert eventually(acted)
            create_celery(settings_of(stack)).control.cancel_consumer("logs")
            done = run.result()
    finally:
        stack.restart_part("worker")
    assert re.search(r"consumers of logs: \S+@\S+", done.text)
    assert (done.verdict, done.red) == (Verdict.FAILED, {"the queue has a consumer"})
