"""Tries a worker without our corrections: whether it survives a restart of Redis."""

import os
import sys
import time
from pathlib import Path

from celery import Celery
from redis import Redis

from securenet_obs.errors import StackError
from securenet_obs.processes.guard import Guard
from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.stack.part import START_S, Part, tail
from securenet_obs.stack.parts.broker import RedisAccess, create_redis_part

HELD = 20
"""Tasks that the worker holds, for it to execute later, while Redis restarts."""

_LATER_S = 600
_SURVIVES_S = 8.0
_HELD_KEY = "unacked"

plain_app = Celery("plain", broker=os.environ.get("REDIS_URL"), set_as_current=False)
"""The worker's application."""


@plain_app.task(name="wait_for_its_time")  # type: ignore[untyped-decorator]
def wait_for_its_time() -> None:
    """Do nothing; the worker holds the message until its time has come."""


def try_plain_worker(python: str, folder: Path) -> str:
    """Restart Redis while a worker holds tasks; return why the worker ended, empty if it lives.

    Workers hold the messages of tasks with a countdown, and so of retries.

    Args:
        python: interpreter of the worker.
        folder: a folder for its files.

    Raises:
        StackError: Redis or the worker did not start.
    """
    access = RedisAccess(find_free_ports(1)[0])
    environment = {**access.environment, "PYTHONUNBUFFERED": "1"}
    with Guard() as guard, create_redis_part(folder / "redis", access, guard) as broker:
        command = [sys.executable, "-m", "celery", "--quiet", "-A", __name__, "worker"]
        worker = Part(
            "worker",
            [*command, "--concurrency", "1", "--without-gossip", "--without-mingle"],
            folder=folder / "worker",
            log=folder / "worker.log",
            environment=environment,
            ready=lambda _: True,
            address="",
            guard=guard,
            python=python,
        )
        with Redis.from_url(environment["REDIS_URL"]) as client, worker:
            _send(environment)
            _wait_until_held(client, worker)
            broker.stop()
            broker.start()
            return _watch(worker)


def _send(environment: dict[str, str]) -> None:
    with Celery(broker=environment["REDIS_URL"], set_as_current=False) as producer:
        for _ in range(HELD):
            producer.send_task("wait_for_its_time", countdown=_LATER_S)


def _wait_until_held(client: Redis, worker: Part) -> None:
    held = poll_until(
        lambda: client.hlen(_HELD_KEY) or not worker.is_running(),
        bool,
        deadline_s=START_S,
        interval_s=0.1,
    )
    if not held:
        raise StackError(f"A worker without our corrections took no task within {START_S:g} s.")


def _watch(worker: Part) -> str:
    """Wait; return the last line about its end."""
    until = time.monotonic() + _SURVIVES_S
    while worker.is_running() and time.monotonic() < until:
        time.sleep(0.1)
    if worker.is_running():
        return ""
    ends = [line for line in tail(worker.log, 400) if "Unrecoverable error" in line]
    return ends[-1].partition("] ")[2] if ends else f"ended with exit code {worker.exit_code}"
