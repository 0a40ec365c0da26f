"""Counting of a log file by real workers: ranges twice and shuffled, and processes killed."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import redis
from celery import Celery
from celery.result import denied_join_result
from sqlalchemy import select

from securenet_obs.detection.network.readers.entries import Range
from securenet_obs.detection.network.stored.ranges import begin, digest_of
from securenet_obs.processes.polling import poll_until
from securenet_obs.store import LogFile, LogRange, NetworkMinute, session_at
from securenet_obs.workers.names import UNACKED_KEY

DEADLINE_S = 900.0
"""Maximum duration of a run."""

_HERE = Path(__file__).parent
_CELERY = [sys.executable, "-m", "celery", "-A", "securenet_obs.workers.celery_app"]
_TASKS = "securenet_obs.workers.tasks"
_MB = 1_000_000


@dataclass(frozen=True)
class Counted:
    """Outcome of a run.

    Attributes:
        answer: the stored result of the file and the tenant's minutes, as bytes.
        wall_s: seconds from the first message to the stored result.
        peak_mb: largest resident memory of a worker, its processes added up, in megabytes.
        killed: number of processes, or workers, that were killed.
    """

    answer: bytes
    wall_s: float
    peak_mb: float
    killed: int


@dataclass
class Workers:
    """Workers with one process of tasks each; one that was killed is started again."""

    environment: Mapping[str, str]
    folder: Path
    number: int
    restarted: int = 0
    peaks: dict[int, dict[int, float]] = field(default_factory=dict)
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Start all workers, and wait until each consumes."""
        self._running = [self._start(number) for number in range(self.number)]
        names = (self.folder / f"worker-{number}.log" for number in range(self.number))
        for log in names:
            consumes = partial(_consumes, log)
            assert poll_until(consumes, deadline_s=60.0), log.read_text()

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        options = ["--concurrency", "1", "--without-gossip", "--without-mingle"]
        name = ["-n", f"worker-{number}@%h", "-I", "killed_ranges"]
        with (self.folder / f"worker-{number}.log").open("ab") as log:
            return subprocess.Popen(
                [*_CELERY, "worker", "-Q", "logs", *options, *name],
                env=dict(self.environment),
                stdout=log,
                stderr=log,
            )

    def watch(self) -> None:
        """Start workers again that have ended, and note how much memory each has used."""
        for number, process in enumerate(self._running):
            if process.poll() is not None:
                self._running[number] = self._start(number)
                self.restarted += 1
            peaks = self.peaks.setdefault(number, {})
            with suppress(psutil.Error, OSError):
                ours = [process.pid, *(c.pid for c in psutil.Process(process.pid).children())]
                peaks.update({pid: max(peaks.get(pid, 0.0), _resident_mb(pid)) for pid in ours})

    @property
    def peak_mb(self) -> float:
        """Largest memory of a worker: its main process and the largest of its others."""
        return max(sum(sorted(peaks.values())[-2:]) for peaks in self.peaks.values())

    def stop(self) -> None:
        """Stop all workers."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(60)


def _consumes(log: Path) -> bool:
    return b" ready." in log.read_bytes()


def _resident_mb(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / _MB


@contextmanager
def workers(environment: Mapping[str, str], folder: Path, number: int) -> Iterator[Workers]:
    """Run workers for a block, with a folder for orders to kill their processes."""
    folder.mkdir(parents=True)
    (folder / "kills").mkdir()
    path = os.pathsep.join(filter(None, [str(_HERE), os.environ.get("PYTHONPATH", "")]))
    variables = {**environment, "PYTHONPATH": path, "KILLS": str(folder / "kills")}
    with ExitStack() as ends, redis.Redis.from_url(environment["REDIS_URL"]) as broker:
        broker.flushdb()
        found = Workers(variables, folder, number)
        ends.callback(found.stop)
        found.start()
        yield found


def count(
    running: Workers, tenant: str, path: Path, parts: Sequence[Range], *, seed: int, times: int
) -> Counted:
    """Let workers count a file by ranges.

    Orders to kill are files in the folder `kills` of the workers, see `killed_ranges`.

    Args:
        running: the workers.
        tenant: the tenant for which the file is counted.
        path: the file.
        parts: its ranges.
        seed: decides on the order of the messages.
        times: number of messages for each range.
    """
    url, digest = running.environment["DATABASE_URL"], digest_of(path)
    kills = len(list((running.folder / "kills").iterdir()))
    with session_at(url) as session:
        begin(session, tenant, digest, len(parts), str(path))
    messages = [_arguments(tenant, path, digest, part) for part in parts] * times
    random.Random(seed).shuffle(messages)
    celery = Celery(broker=running.environment["REDIS_URL"])
    began = time.monotonic()
    with denied_join_result():
        for message in messages:
            celery.send_task(f"{_TASKS}.process_log_range", message, queue="logs")
    ended = _wait(running, tenant, digest)
    assert list((running.folder / "kills").iterdir()) == []
    return Counted(_answer(url, tenant, digest), ended - began, running.peak_mb, kills)


def _arguments(tenant: str, path: Path, digest: str, part: Range) -> list[Any]:
    return [tenant, str(path), digest, part.start, part.end, part.header.decode("latin-1")]


def _wait(running: Workers, tenant: str, digest: str) -> float:
    """Wait until all messages are acknowledged; return the time at which the file was counted."""
    ended: list[float] = []
    url = running.environment["DATABASE_URL"]
    with redis.Redis.from_url(running.environment["REDIS_URL"]) as broker:

        def is_done() -> bool:
            running.watch()
            if not ended and _is_finished(url, tenant, digest):
                ended.append(time.monotonic())
            return bool(ended) and not broker.llen("logs") and not broker.hlen(UNACKED_KEY)

        assert poll_until(is_done, deadline_s=DEADLINE_S, interval_s=0.05), running.folder
    return ended[0]


def _is_finished(url: str, tenant: str, digest: str) -> bool:
    with session_at(url) as session:
        return session.get_one(LogFile, (tenant, digest)).finished_at is not None


def _answer(url: str, tenant: str, digest: str) -> bytes:
    columns = [column for column in NetworkMinute.__table__.columns if column.name != "tenant_id"]
    minutes = select(*columns).where(NetworkMinute.tenant_id == tenant)
    with session_at(url) as session:
        assert session.scalars(select(LogRange)).all() == []
        result = session.get_one(LogFile, (tenant, digest)).result
        rows = sorted(repr(tuple(row)) for row in session.execute(minutes))
    return json.dumps([result, rows]).encode()
