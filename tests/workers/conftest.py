"""Fixtures with real processes: a worker on a real Redis with a recording Sentry."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.result import denied_join_result

from securenet_obs.monitoring.sentry.recorder import SentryRecorder, recording_sentry
from securenet_obs.processes.guard import Guard
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.stack.parts.broker import RedisAccess, create_redis_part
from securenet_obs.store import discard_engines
from securenet_obs.workers.durations import connect_durations
from tests.forked_python import ForkedProcess, ForkedPython
from tests.stores import create_sqlite
from tests.waiting import eventually

TASKS = "securenet_obs.workers.tasks"
CELERY = [sys.executable, "-m", "celery", "-A", "securenet_obs.workers.celery_app"]


@dataclass(frozen=True)
class Sent:
    """A sent task; its result is polled, so that no subscription outlives the test's Redis."""

    id: str
    celery: Celery

    def get(self, timeout: float) -> Any:
        """Return the task's result, raise its error, or raise TimeoutError."""

        def ended() -> dict[str, Any] | None:
            meta = self.celery.backend.get_task_meta(self.id)
            return meta if meta["status"] in ("SUCCESS", "FAILURE") else None

        meta = eventually(ended, timeout)
        if meta is None:
            raise TimeoutError(self.id)
        if meta["status"] == "FAILURE":
            raise meta["result"]
        return meta["result"]

    def forget(self) -> None:
        """Delete the result."""
        self.celery.backend.forget(self.id)


def send(celery: Celery, task: str, *arguments: Any, **options: Any) -> Sent:
    """Send a task, SecureNet's by its short name."""
    name = task if "." in task else f"{TASKS}.{task}"
    with denied_join_result():
        return Sent(celery.send_task(name, arguments, **{"queue": "default", **options}).id, celery)


@dataclass(frozen=True)
class Target:
    """A running worker with its log and its events, and methods to send it tasks."""

    environment: Mapping[str, str]
    log: Path
    sentry: SentryRecorder
    celery: Celery

    def send(self, task: str, *arguments: Any, **options: Any) -> "Sent":
        """Send a task by its short name."""
        return send(self.celery, task, *arguments, **options)

    def sent(self, task_id: str) -> "Sent":
        """Return the handle of a task that another sender sent."""
        return Sent(task_id, self.celery)

    def ask(self, question: str) -> Any:
        """Return the worker's answer to a remote control command, sent by a separate process.

        State that earlier tests left in this process does not affect it.
        """
        name = f"tested@{socket.gethostname()}"
        command = [*CELERY, "inspect", question, "--json", "--timeout", "20", "-d", name]
        answer = subprocess.run(command, env=dict(self.environment), stdout=subprocess.PIPE)
        return json.loads(answer.stdout)[name]

    def lines(self) -> list[dict[str, Any]]:
        """Return every line of the worker's log that has ended; each must be JSON."""
        ended, _, _ = self.log.read_bytes().rpartition(b"\n")
        return [json.loads(line) for line in ended.splitlines()]

    def line(self, event: str, task_id: str, deadline_s: float = 60) -> dict[str, Any]:
        """Wait for the first line of an event of a task, and return it."""

        def look() -> dict[str, Any] | None:
            ours = (line for line in self.lines() if line.get("task_id") == task_id)
            return next((line for line in ours if line["event"] == event), None)

        line = eventually(look, deadline_s)
        assert line is not None, f"no line {event} of {task_id}: {self.log.read_text()[-2000:]}"
        return line


@contextmanager
def running(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[Any]:
    """Run a command with its output in a file, and stop it as a supervisor does."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env=dict(environment), stdout=output, stderr=subprocess.STDOUT
        )
    with stopped(process):
        yield process


@contextmanager
def stopped(process: "subprocess.Popen[bytes] | ForkedProcess") -> Iterator[None]:
    """Stop a process at the end of a block as a supervisor does."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


@pytest.fixture(scope="session")
def environment(redis_server: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the variables of the session's target, without Sentry."""
    folder = tmp_path_factory.mktemp("target")
    return {
        **os.environ,
        **redis_server.environment,
        "DATABASE_URL": create_sqlite(folder / "store.sqlite3"),
        "ENVIRONMENT": "test",
        "SERVICE_NAME": "securenet-worker",
    }


@contextmanager
def worker(
    python: ForkedPython, environment: Mapping[str, str], folder: Path, name: str
) -> Iterator[Target]:
    """Run a worker with its own Sentry, and with the faulty tasks, for a block."""
    log = folder / "worker.log"
    command = [*CELERY[1:], "worker", "-Q", "default,scans,models,logs,canary", "-n", f"{name}@%h"]
    command += ["--concurrency", "1", "--without-gossip", "--without-mingle", "-I", "faulty_tasks"]
    # A message has its time of sending, as in every process of SecureNet.
    connect_durations()
    celery = Celery(broker=environment["REDIS_URL"], backend=environment["RESULT_URL"])
    with recording_sentry() as sentry:
        folders = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
        path = {"PYTHONPATH": os.pathsep.join(filter(None, folders))}
        variables = {**environment, **path, "SENTRY_DSN": sentry.dsn}
        with log.open("ab") as output:
            process = python.start(command, env=variables, output=output.fileno())
        with stopped(process):
            send(celery, "echo_canary", "ready", queue="canary").get(timeout=120)
            yield Target(variables, log, sentry, celery)


@pytest.fixture(scope="module")
def target(
    python: ForkedPython, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """Yield a running worker with the faulty tasks of the tests and SecureNet's.

    It has a Redis of its own: other tests empty theirs, and count what waits there.
    """
    folder = tmp_path_factory.mktemp("worker")
    access = RedisAccess(find_free_ports(1)[0])
    variables = {**environment, **access.environment}
    with (
        Guard() as guard,
        create_redis_part(folder / "redis", access, guard),
        worker(python, variables, folder, "tested") as target,
    ):
        yield target


@pytest.fixture(scope="module")
def untraced(
    python: ForkedPython, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """Yield a worker that traces no task."""
    variables = {**environment, "SENTRY_TRACES_SAMPLE_RATE": "0"}
    folder = tmp_path_factory.mktemp("untraced")
    with worker(python, variables, folder, "untraced") as target:
        yield target


@pytest.fixture(scope="module")
def traced(
    python: ForkedPython, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """Yield a worker that traces every task."""
    variables = {**environment, "SENTRY_TRACES_SAMPLE_RATE": "1"}
    with worker(python, variables, tmp_path_factory.mktemp("traced"), "traced") as target:
        yield target


@pytest.fixture
def store(environment: dict[str, str], monkeypatch: Any, fresh_settings: None) -> Iterator[None]:
    """Use the store of the session's target in this process."""
    monkeypatch.setenv("DATABASE_URL", environment["DATABASE_URL"])
    discard_engines()
    yield
    discard_engines()


@pytest.fixture(name="running")
def running_fixture() -> Any:
    """Return the function that runs a command."""
    return running


@pytest.fixture
def celery_command() -> list[str]:
    """Return the first words of every Celery command line."""
    return list(CELERY)
