"""What a task costs: raw Redis as the limit, bare Celery of the same versions, and ours.

    python tests/benchmarks/bench_tasks.py [--json FILE]

Round trips are made one at a time; tasks a second with 200 sent at once; both on two prefork
processes. Submission of 5,000 tasks is measured without a worker.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import redis
from rounds import Row, Target, Times, interleaved, ratio, report, rows

from securenet_obs.stack.broker import RedisAccess, redis_part
from securenet_obs.stack.guard import Guard
from securenet_obs.stack.ports import free_ports

RAW, BARE, OURS = "raw Redis", "bare Celery", "securenet-obs"
LOOP, BATCH = "plain loop", "publish_many"
TRIPS = 300
MANY = 200
BATCHED = 5_000
_HERE = Path(__file__).parent
_POOL = ["--concurrency", "2", "--without-gossip", "--without-mingle", "-l", "ERROR"]
_ECHO = """
import sys, redis
client = redis.Redis.from_url(sys.argv[1])
while True:
    client.lpush("answers", client.brpop("questions")[1])
"""


@contextmanager
def worker(command: list[str], folder: Path) -> Iterator[None]:
    """Run a process for a block."""
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=_HERE, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def surroundings() -> Iterator[tuple[Callable[[str], Any], Callable[[str], Any], "redis.Redis"]]:
    """Yield what sends a task of ours, what sends a bare one, and a client for raw messages."""
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        guard = ends.enter_context(Guard())
        access = RedisAccess(free_ports(1)[0])
        ends.enter_context(redis_part(folder, access, guard))
        root = access.environment["REDIS_URL"].rsplit("/", 1)[0]
        os.environ.update(
            access.environment,
            BARE_BROKER=f"{root}/2",
            BARE_RESULTS=f"{root}/3",
            DATABASE_URL=f"sqlite:///{folder}/store.sqlite3",
            # Instrumented as in a deployment; nothing fails, so nothing is sent there.
            SENTRY_DSN="http://key@127.0.0.1:1/1",
        )
        celery = [sys.executable, "-m", "celery", "-A"]
        ours = [*celery, "securenet_obs.workers.celery_app", "worker", "-Q", "canary", *_POOL]
        bare = [*celery, "bare_celery", "worker", *_POOL]
        raw = [sys.executable, "-c", _ECHO, f"{root}/4"]
        for command in (ours, bare, raw):
            ends.enter_context(worker(command, folder))
        sys.path.insert(0, str(_HERE))
        import bare_celery

        from securenet_obs.workers.tasks import echo_canary

        for send in (echo_canary.delay, bare_celery.echo.delay):
            send("ready").get(timeout=60)
        yield echo_canary.delay, bare_celery.echo.delay, redis.Redis.from_url(f"{root}/4")


def round_trip(client: "redis.Redis") -> None:
    """Send a message and wait for its answer."""
    client.lpush("questions", "x")
    client.brpop(["answers"])


def at_once(send: Callable[[str], Any]) -> None:
    """Send many tasks, and wait until all are done."""
    for result in [send("x") for _ in range(MANY)]:
        result.get(timeout=60)


def percentile_rows(times: Times) -> list[Row]:
    """Return the rows of round trips: the median of all, and the 95th percentile."""
    made = rows("round trip", times, BARE, {(OURS, BARE): Target(most=1.1)})
    slow = {name: statistics.quantiles(values, n=20)[18] for name, values in times.items()}
    return made + [
        Row("round trip, p95", name, value * 1e6, value / slow[BARE], BARE)
        for name, value in slow.items()
    ]


def throughput_row(times: Times) -> Row:
    """Return how many tasks a second ours does beside bare Celery; the time is that of one task."""
    share, wanted = 1 / ratio(times, OURS, BARE), Target(least=0.95)
    seconds = statistics.median(times[OURS]) / MANY
    case = f"tasks a second: {1 / seconds:.0f}"
    return Row(case, OURS, seconds * 1e6, share, BARE, str(wanted), wanted.met(share))


def submission_rows() -> list[Row]:
    """Return what it takes to submit 5,000 tasks that nobody takes."""
    from securenet_obs.workers.celery_app import celery_app
    from securenet_obs.workers.publishing import publish_many
    from securenet_obs.workers.tasks import run_vulnerability_scan as task

    tenants = [f"tenant-{number}" for number in range(BATCHED)]

    def loop() -> None:
        for tenant_id in tenants:
            task.apply_async((tenant_id,))

    def batch() -> None:
        publish_many(task, [(tenant_id,) for tenant_id in tenants])

    times: Times = {LOOP: [], BATCH: []}
    for _ in range(3):
        for name, submit in ((LOOP, loop), (BATCH, batch)):
            began = time.perf_counter()
            submit()
            times[name].append(time.perf_counter() - began)
            celery_app.control.purge()
    return rows("submitting 5,000", times, LOOP, {(BATCH, LOOP): Target(most=1 / 1.8)})


def main() -> None:
    """Measure everything and print the table."""
    with surroundings() as (ours, bare, client):
        trips = {
            RAW: lambda: round_trip(client),
            BARE: lambda: bare("x").get(timeout=60),
            OURS: lambda: ours("x").get(timeout=60),
        }
        single = interleaved(trips, rounds=TRIPS, at_least_s=0)
        calls = {BARE: lambda: at_once(bare), OURS: lambda: at_once(ours)}
        many = interleaved(calls, rounds=9, at_least_s=0)
        report("tasks", [*percentile_rows(single), throughput_row(many)])


if __name__ == "__main__":
    main()
