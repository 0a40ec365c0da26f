"""Monitoring of real workers and a real beat: isolation of tenants, and delivery at exit."""

import json
import os
import shelve
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import celery
import pytest
from celery.beat import ScheduleEntry
from celery.result import denied_join_result

from securenet_obs.monitoring.sentry.recorder import SentryRecorder, recording_sentry
from securenet_obs.workers.celery_app import celery_app
from tests.waiting import eventually

Running = Callable[..., AbstractContextManager[Any]]
CELERY = [sys.executable, "-m", "celery", "-A", "securenet_obs.workers.celery_app"]
TENANTS = ("tenant-a", "tenant-b")


@dataclass(frozen=True)
class Worker:
    """A running worker with two child processes, its log, its events and its broker."""

    process: Any
    variables: dict[str, str]
    log: Path
    sentry: SentryRecorder
    broker: celery.Celery

    def lines(self) -> list[dict[str, Any]]:
        """Return every line of its log."""
        ended, _, _ = self.log.read_bytes().rpartition(b"\n")
        return [json.loads(line) for line in ended.splitlines()]

    def send(self, task: str, tenant_id: str, number: int) -> str:
        """Send a task in a tenant's request, and return the request's id."""
        request_id = f"of-{tenant_id}-{number:04}"
        ids = {"securenet_request_id": request_id, "securenet_tenant_id": tenant_id}
        with denied_join_result():
            self.broker.send_task(task, queue="default", headers=ids)
        return request_id


@pytest.fixture(scope="module")
def worker(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    """Yield a worker with the tests' tasks and empty queues."""
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    broker = celery.Celery(broker=environment["REDIS_URL"], backend=environment["RESULT_URL"])
    with broker.connection_for_write() as connection:
        for queue in ("default", "canary"):
            connection.default_channel.queue_purge(queue)
    folders = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    path = {"PYTHONPATH": os.pathsep.join(filter(None, folders))}
    command = [*CELERY, "worker", "-Q", "default,canary", "-n", "apart@%h", "--concurrency", "2"]
    command += ["--without-gossip", "--without-mingle", "-I", "faulty_tasks"]
    with recording_sentry() as sentry, log.open("ab") as output:
        variables = {**environment, **path, "SENTRY_DSN": sentry.dsn}
        process = subprocess.Popen(command, env=variables, stdout=output, stderr=output)
        try:
            assert eventually(lambda: " ready." in log.read_text())
            yield Worker(process, variables, log, sentry, broker)
        finally:
            process.terminate()
            process.wait(60)
            broker.close()


def test_concurrent_tenants_keep_their_ids(worker: Worker) -> None:
    """Parents, children, retries and failures of two tenants on two processes keep their ids."""
    tasks = ("tested.parent", "tested.retried", "tested.logs_and_fails", "tested.leave_tenant")
    sent: set[str] = set()
    for number in range(6):
        sent |= {worker.send(task, tenant, number) for task in tasks for tenant in TENANTS}
    ends, expected = {"task_succeeded", "task_failed"}, 6 * 2 * (len(tasks) + 1)
    assert eventually(lambda: sum(row["event"] in ends for row in worker.lines()) == expected)
    ours = [line for line in worker.lines() if "request_id" in line]
    assert {line["request_id"] for line in ours} == sent
    mismatched = [line for line in ours if line["tenant_id"] not in line["request_id"]]
    assert {(line["tenant_id"], line["task"]) for line in mismatched} == {
        ("left-behind", "tested.leave_tenant")
    }
    requests_of: dict[str, set[str]] = {}
    for line in ours:
        requests_of.setdefault(line["task_id"], set()).add(line["request_id"])
    assert {len(requests) for requests in requests_of.values()} == {1}
    attempts = [line["attempt"] for line in ours if line["event"] == "tried"]
    assert sorted(attempts) == sorted([0, 1, 2] * 12)
    assert len([line for line in ours if line["event"] == "child_ran"]) == 12
    assert eventually(lambda: len(worker.sentry.events) >= 12)
    for event in worker.sentry.events:
        assert event["tags"]["tenant_id"] in event["tags"]["request_id"]


def test_a_beat_entry_checks_in(worker: Worker, running: Running, tmp_path: Path) -> None:
    """Beat reports the begin of a due entry and the worker its end, as one check-in."""
    schedule = tmp_path / "schedule"
    write_overdue_schedule(schedule)
    beat = [*CELERY, "beat", "--schedule", str(schedule), "--pidfile="]

    def check_ins() -> list[dict[str, Any]]:
        return [content for kind, content in worker.sentry.items if kind == "check_in"]

    with running(beat, worker.variables, tmp_path / "beat.log"):
        assert eventually(lambda: sum(row["status"] == "ok" for row in check_ins()) >= 2)
    for entry in ("vulnerability-scan", "ml-model-retrain"):
        begun, ended = (row for row in check_ins() if row["monitor_slug"] == entry)
        assert (begun["status"], ended["status"]) == ("in_progress", "ok")
        assert begun["check_in_id"] == ended["check_in_id"]
        assert 0 < ended["duration"] < 60
        assert begun["monitor_config"]["schedule"]["type"] == "crontab"


def write_overdue_schedule(file: Path) -> None:
    """Write the schedule of a beat that sent every entry two days ago."""
    before = datetime.now(UTC) - timedelta(days=2)
    entries = {
        name: ScheduleEntry(name, schedule=row["schedule"], last_run_at=before, app=celery_app)
        for name, row in celery_app.conf.beat_schedule.items()
    }
    with shelve.open(str(file)) as store:
        store.update(entries=entries, __version__=celery.__version__, tz="UTC", utc_enabled=True)


def test_a_stopping_worker_sends_pending_events(worker: Worker) -> None:
    """Each child process flushes: the event of its last task arrives at a slow Sentry."""
    worker.sentry.delay_s = 0.4
    requests = {worker.send("tested.logs_and_fails", "acme", number) for number in range(4)}

    def failed() -> int:
        ours = [line for line in worker.lines() if line.get("request_id") in requests]
        return sum(line["event"] == "task_failed" for line in ours)

    assert eventually(lambda: failed() == 4)
    worker.process.terminate()
    worker.process.wait(60)
    assert requests <= {event["tags"]["request_id"] for event in worker.sentry.events}
