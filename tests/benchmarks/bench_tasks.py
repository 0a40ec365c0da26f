"""Cost of a task: raw Redis as the limit, bare Celery of the same versions, and ours.

    python tests/benchmarks/bench_tasks.py [--json FILE]

Round trips are made one at a time; throughput is measured with 200 tasks sent at once. Both use
two prefork processes with a prefetch of four tasks, as in a deployment. Submission of 5,000 tasks
is measured without a worker. Ours is instrumented on both sides as in a deployment: correlation,
log lines, Sentry (it receives nothing, since no task fails). Bare Celery has none of this. Goals
hold for errors alone; a row beside them has the default rate of traces. The same processes without
ledger and metrics show what both cost.
"""

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import redis
from celery.result import ResultSet
from instruments import instrument_rows
from rounds import Row, Target, Times, interleaved, ratio, report, rows

from securenet_obs.monitoring import start_monitoring
from securenet_obs.processes.guard import Guard
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.settings import TRACES_SAMPLE_RATE, get_settings
from securenet_obs.stack.parts.broker import RedisAccess, create_redis_part
from securenet_obs.store.migration import migrate

RAW, BARE, OURS, TRACED = "raw Redis", "bare Celery", "securenet-obs", "securenet-obs, traced"
UNRECORDED = "securenet-obs without ledger and metrics"
LOOP, BATCH = "plain loop", "publish_many"
TRIPS = 200
MANY = 200
BATCHED = 5_000
_HERE = Path(__file__).parent
_POOL = [
    "--concurrency",
    "2",
    "--prefetch-multiplier",
    "4",
    "--without-gossip",
    "--without-mingle",
    "-l",
    "ERROR",
]
_ECHO = """
import sys, redis
client = redis.Redis.from_url(sys.argv[1])
while True:
    client.lpush("answers", client.brpop("questions")[1])
"""


def round_trip(send: Callable[[str], Any]) -> None:
    """Send a task and wait for its result."""
    send("x").get(timeout=60)


def at_once(send: Callable[[str], Any]) -> None:
    """Send many tasks, and wait until all are done."""
    # Waiting for single results takes a second for each that arrives before its predecessors.
    ResultSet([send("x") for _ in range(MANY)]).get(timeout=60)


def in_a_loop(_: object) -> None:
    """Submit tasks without a consumer, one after another."""
    from securenet_obs.workers.tasks import run_vulnerability_scan

    for number in range(BATCHED):
        run_vulnerability_scan.apply_async((f"tenant-{number}",))


def together(_: object) -> None:
    """Submit the same tasks as one batch."""
    from securenet_obs.workers.publishing import Call, publish_many
    from securenet_obs.workers.tasks import run_vulnerability_scan

    publish_many(run_vulnerability_scan, (Call((f"tenant-{n}",)) for n in range(BATCHED)))


def tidy(_: object) -> None:
    """Collect a call's garbage, since collecting a result of the loop unsubscribes from it."""
    gc.collect()


CALLS = {call.__name__: call for call in (round_trip, at_once, in_a_loop, together, tidy)}


def serve(library: str, answers: int) -> None:
    """Make each call that is named on stdin, and answer when it is done."""
    if library != BARE:
        if library == UNRECORDED:
            import without_ledger  # noqa: F401 it patches ours
        start_monitoring(get_settings(), "benchmark")
        from securenet_obs.workers.tasks import echo_canary as echo
    else:
        from bare_celery import echo
    for line in sys.stdin:
        CALLS[line.strip()](echo.delay)
        os.write(answers, b"done")
    # Results that are collected later would unsubscribe from a Redis that has ended by then.
    os._exit(0)


class Sender:
    """A separate process that sends tasks: ours is instrumented, bare Celery must not be."""

    def __init__(self, library: str, environment: Mapping[str, str]) -> None:
        self._answers, into = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, __file__, library, str(into)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[into],
        )
        os.close(into)

    def make(self, call: Callable[[Any], None]) -> None:
        """Make a call in the process, and wait until it is done."""
        assert self._process.stdin
        self._process.stdin.write(f"{call.__name__}\n".encode())
        self._process.stdin.flush()
        assert os.read(self._answers, 100) == b"done"

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(20)
        os.close(self._answers)


@contextmanager
def worker(command: list[str], environment: Mapping[str, str], folder: Path) -> Iterator[None]:
    """Run a worker process for a block."""
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, cwd=_HERE, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def benchmark_environment() -> Iterator[tuple[dict[str, Sender], "redis.Redis", "redis.Redis"]]:
    """Yield a sender of each kind of task, and clients of raw Redis and of our broker."""
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        guard = ends.enter_context(Guard())
        access = RedisAccess(find_free_ports(1)[0])
        ends.enter_context(create_redis_part(folder, access, guard))
        root = access.environment["REDIS_URL"].rsplit("/", 1)[0]
        store = f"sqlite:///{folder}/store.sqlite3"
        migrate(store)
        environment = {
            **os.environ,
            **access.environment,
            "BARE_BROKER": f"{root}/2",
            "BARE_RESULTS": f"{root}/3",
            "DATABASE_URL": store,
            "SENTRY_DSN": "http://key@127.0.0.1:1/1",
            "SENTRY_TRACES_SAMPLE_RATE": "0",
        }
        traced = {
            **environment,
            "REDIS_URL": f"{root}/5",
            "RESULT_URL": f"{root}/6",
            "SENTRY_TRACES_SAMPLE_RATE": str(TRACES_SAMPLE_RATE),
        }
        unrecorded = {**environment, "REDIS_URL": f"{root}/7", "RESULT_URL": f"{root}/8"}
        celery = [sys.executable, "-m", "celery", "-A"]
        ours = [*celery, "securenet_obs.workers.celery_app", "worker", "-Q", "canary", *_POOL]
        bare = [*celery, "bare_celery", "worker", *_POOL]
        patched = [*celery, "without_ledger", "worker", "-Q", "canary", *_POOL]
        raw = [sys.executable, "-c", _ECHO, f"{root}/4"]
        for command in (ours, bare, raw):
            ends.enter_context(worker(command, environment, folder))
        ends.enter_context(worker(ours, traced, folder))
        ends.enter_context(worker(patched, unrecorded, folder))
        environments = {OURS: environment, BARE: environment, TRACED: traced}
        environments[UNRECORDED] = unrecorded
        senders = {name: Sender(name, variables) for name, variables in environments.items()}
        for sender in senders.values():
            ends.callback(sender.end)
            sender.make(round_trip)
        yield senders, redis.Redis.from_url(f"{root}/4"), redis.Redis.from_url(f"{root}/0")


def raw_round_trip(client: "redis.Redis") -> None:
    """Send a message and wait for its answer."""
    client.lpush("questions", "x")
    client.brpop(["answers"])


def percentile_rows(times: Times) -> list[Row]:
    """Return the rows of round trips: the median of all, and the 95th percentile."""
    results = rows("round trip", times, BARE, {(OURS, BARE): Target(most=1.1)})
    slow = {name: statistics.quantiles(values, n=20)[18] for name, values in times.items()}
    target = Target(most=1.1)
    for name, value in slow.items():
        over = value / slow[BARE]
        judged = (str(target), target.met(over)) if name == OURS else ("", None)
        results.append(Row("round trip, p95", name, value * 1e6, over, BARE, *judged))
    return results


def unrecorded_rows(senders: Mapping[str, Sender]) -> list[Row]:
    """Return the round trips with and without ledger and metrics, of pairs in both orders.

    Which call comes first in a round made a difference of ten percent on a busy machine.
    """
    times: Times = {OURS: [], UNRECORDED: []}
    for order in ((OURS, UNRECORDED), (UNRECORDED, OURS)):
        pairs = {name: partial(senders[name].make, round_trip) for name in order}
        for name, seconds in interleaved(pairs, rounds=TRIPS, at_least_s=0).items():
            times[name] += seconds
    targets = {(OURS, UNRECORDED): Target(most=1.05)}
    return rows("round trip, in pairs", times, UNRECORDED, targets)


def throughput_rows(times: Times) -> Iterator[Row]:
    """Return our tasks per second relative to bare Celery; the time is that of one task."""
    for name in (OURS, TRACED, UNRECORDED):
        share, wanted = 1 / ratio(times, name, BARE), Target(least=0.95)
        seconds = statistics.median(times[name]) / MANY
        case = f"tasks a second: {1 / seconds:.0f}"
        judged = (str(wanted), wanted.met(share)) if name == OURS else ("", None)
        yield Row(case, name, seconds * 1e6, share, BARE, *judged)


def submission_rows(sender: Sender, broker: "redis.Redis") -> list[Row]:
    """Return the time to submit 5,000 tasks without a consumer."""
    times: Times = {LOOP: [], BATCH: []}
    for _ in range(3):
        for name, call in ((LOOP, in_a_loop), (BATCH, together)):
            sender.make(tidy)
            began = time.perf_counter()
            sender.make(call)
            times[name].append(time.perf_counter() - began)
            assert broker.llen("scans") == BATCHED
            broker.delete("scans")
    return rows("submitting 5,000", times, LOOP, {(BATCH, LOOP): Target(most=1 / 1.8)})


def main() -> None:
    """Measure everything and print the table."""
    with benchmark_environment() as (senders, raw, broker):
        trips = {name: partial(sender.make, round_trip) for name, sender in senders.items()}
        single = interleaved(
            {RAW: lambda: raw_round_trip(raw), **trips}, rounds=TRIPS, at_least_s=0
        )
        calls = {name: partial(sender.make, at_once) for name, sender in senders.items()}
        many = interleaved(calls, rounds=5, at_least_s=0)
        results = [*percentile_rows(single), *unrecorded_rows(senders), *throughput_rows(many)]
        results += submission_rows(senders[OURS], broker)
        results += instrument_rows(statistics.median(single[OURS]), raw)
        report("tasks", results)


if __name__ == "__main__":
    if sys.argv[1:2] in ([BARE], [OURS], [TRACED], [UNRECORDED]):
        serve(sys.argv[1], int(sys.argv[2]))
    else:
        main()
