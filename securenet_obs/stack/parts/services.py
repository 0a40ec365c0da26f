"""API, worker and beat of the local stack: their command lines, log files and parts."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from securenet_obs import __version__
from securenet_obs.processes.guard import Guard
from securenet_obs.stack.part import Part
from securenet_obs.stack.parts.readiness import READINESS_CHECKS, WORKER
from securenet_obs.workers.names import QUEUES

CONCURRENCY = 2
"""Number of tasks that a stack's worker runs at a time."""

STOP_TASKS_S = 5
"""Seconds that a stopping worker gives its tasks: fewer than the part itself has to end."""

SERVICES = ("api", "worker", "beat")
"""Parts that run our own programs."""

SERVICE_PREFIX = "securenet-"
"""Text before a part's name in its SERVICE_NAME."""

_CELERY = [sys.executable, "-m", "celery", "--quiet", "-A", "securenet_obs.workers.celery_app"]


def build_api_command(port: int) -> list[str]:
    """Return the command line of an API on a loopback port."""
    return [
        *[sys.executable, "-m", "uvicorn", "securenet_obs.api.app:app"],
        *["--host", "127.0.0.1", "--port", str(port)],
        # Open requests get less time than the part itself has to end.
        *["--timeout-graceful-shutdown", "5"],
        # Longer than proxies keep an idle connection, a minute: a request to one that is being
        # closed is a 502 for its sender.
        *["--timeout-keep-alive", "75"],
    ]


def build_worker_command(
    concurrency: int = CONCURRENCY, queues: Iterable[str] = QUEUES, *, name: str = WORKER
) -> list[str]:
    """Return the command line of a worker with this concurrency and these queues."""
    return [
        *[*_CELERY, "worker", "-n", name, "-Q", ",".join(queues)],
        # A single worker needs no gossip, and mingling only delays its readiness.
        *["--concurrency", str(concurrency), "--without-gossip", "--without-mingle"],
    ]


def build_beat_command(schedule: Path) -> list[str]:
    """Return the command line of a beat that keeps its schedule in a file."""
    return [*_CELERY, "beat", "--schedule", str(schedule), "--pidfile="]


def create_service_parts(
    folder: Path,
    port: int,
    environment: Mapping[str, str],
    guard: Guard,
    pythons: Mapping[str, str] | None = None,
) -> dict[str, Part]:
    """Return API, worker and beat of one target, not yet started.

    Args:
        folder: the stack's folder; their logs go to `folder/logs`, which holds no other part's.
        port: port of the API.
        environment: the target's variables.
        guard: ends the processes when we cannot.
        pythons: service -> interpreter, where it is not ours.
    """
    logs = folder / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    commands = {
        "api": build_api_command(port),
        "worker": build_worker_command(),
        "beat": build_beat_command(folder / "beat" / "schedule"),
    }
    addresses = {"api": environment["API_URL"], "worker": WORKER, "beat": ""}

    def part(name: str) -> Part:
        # Not in the stack's own environment: any service may run in a shell that has it.
        service = {
            "SERVICE_NAME": f"{SERVICE_PREFIX}{name}",
            "SENTRY_RELEASE": f"securenet@{__version__}",
            "PYTHONUNBUFFERED": "1",
        }
        return Part(
            name,
            commands[name],
            folder=folder / name,
            log=logs / f"{name}.log",
            environment={**environment, **service},
            ready=lambda since: READINESS_CHECKS[name](environment, since),
            address=addresses[name],
            guard=guard,
            python=(pythons or {}).get(name, sys.executable),
        )

    return {name: part(name) for name in commands}
