"""Distributed validations on 1, 2 and 4 workers: wall times, and memory of a worker.

    python tests/benchmarks/bench_distributed.py [--notebooks 200] [--json FILE]

Each notebook imports what validations import and judges a check. The workers are started before
the clock. Memory is the PSS of a worker's processes while it runs notebooks: its parent, child and
server of warm kernels, with their share of common pages. Fails if four workers take more than 1.1
times as long as two, on two processors, or if a run does not pass.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import psutil
from nbformat import v4

from securenet_obs.distributed.connection import connect
from securenet_obs.distributed.presence import living_workers
from securenet_obs.processes.guard import Guard
from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.settings import Settings
from securenet_obs.stack.parts.broker import RedisAccess, create_redis_part
from securenet_obs.stack.parts.validation import build_validation_command

WORKERS = (1, 2, 4)
MOST = 1.1
"""Upper bound of the time on four workers as a multiple of that on two."""

CELLS = (
    "import pandas, sentry_sdk, structlog",
    "sum(range(100_000))",
    "from securenet_obs.checks import Checks\nchecks = Checks()\n"
    "checks.expect('one is one', expected=1, observed=1)\nchecks.conclude()",
)


class Memory:
    """The largest memory of each worker, by polling."""

    def __init__(self, workers: list["subprocess.Popen[bytes]"]) -> None:
        self._workers = workers
        self._ended = threading.Event()
        self.most: dict[int, int] = {}
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the polling."""
        self._ended.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._ended.wait(2):
            for worker in self._workers:
                found = _pss(worker.pid)
                self.most[worker.pid] = max(found, self.most.get(worker.pid, 0))


def _pss(pid: int) -> int:
    """Return the bytes of a process and its descendants, common pages divided among their users."""
    total = 0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            total += process.memory_full_info().pss
    except psutil.Error:
        return total
    return total


@contextmanager
def started(count: int, environment: dict[str, str], folder: Path) -> Iterator[Memory]:
    """Start workers, wait until they are ready, and yield their memory."""
    workers = [
        subprocess.Popen(
            build_validation_command(f"w{number}@bench"),
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for number in range(count)
    ]
    client = connect(environment["VALIDATION_BROKER_URL"])
    poll_until(lambda: living_workers(client), lambda each: len(each) == count, deadline_s=60)
    memory = Memory(workers)
    try:
        yield memory
    finally:
        memory.close()
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        for worker in workers:
            worker.wait(60)


def call(environment: dict[str, str], folder: Path, *names: str) -> float:
    """Run the validations in the workers; return the seconds that the command took."""
    command = [sys.executable, "-m", "securenet_obs", "validate", *names]
    began = time.perf_counter()
    subprocess.run(
        [*command, "--on", "celery", "--root", ".", "--json"],
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def measure(notebooks: int, folder: Path) -> dict[str, dict[str, float]]:
    """Return seconds, seconds of a notebook, and MiB of a worker, by number of workers."""
    (folder / "notebooks").mkdir()
    for number in range(notebooks):
        document = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in CELLS])
        document.metadata["securenet"] = {"kind": "validation", "checks": ["one is one"]}
        nbformat.write(document, folder / "notebooks" / f"{number:03}_claim.ipynb")
    rows = {}
    with Guard() as guard:
        access = RedisAccess(find_free_ports(1)[0])
        with create_redis_part(folder / "redis", access, guard):
            names = {name.upper() for name in Settings.model_fields}
            clean = {name: text for name, text in os.environ.items() if name not in names}
            broker = access.environment["REDIS_URL"]
            environment = clean | {"REDIS_URL": broker, "VALIDATION_BROKER_URL": broker}
            environment["VALIDATION_EVIDENCE"] = (folder / "shared").as_uri()
            for count in WORKERS:
                print(f"{count} workers", file=sys.stderr)
                with started(count, environment, folder) as memory:
                    # Each worker's server of warm kernels starts with its first run.
                    call(environment, folder, *(f"{number:03}" for number in range(2 * count)))
                    taken = call(environment, folder)
                largest = statistics.median(memory.most.values()) / 2**20
                rows[f"{count} workers"] = {
                    "seconds": taken,
                    "notebook_s": taken / notebooks,
                    "worker_mib": largest,
                }
    return rows


def main() -> int:
    """Measure, print, and return 1 if four workers take too long beside two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notebooks", type=int, default=200, help="Number, 8 at least.")
    parser.add_argument("--json", type=Path, help="File for the figures.")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="snobs-bench-"))
    try:
        rows = measure(arguments.notebooks, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")
    for name, row in rows.items():
        per = f"{row['notebook_s']:.2f} s a notebook, {row['worker_mib']:.0f} MiB a worker"
        print(f"{name:10} {row['seconds']:7.1f} s  {per}")
    ratio = rows["4 workers"]["seconds"] / rows["2 workers"]["seconds"]
    print(f"4 workers take {ratio:.2f} times as long as 2 (at most {MOST})")
    return int(ratio > MOST and (os.cpu_count() or 1) <= 2)


if __name__ == "__main__":
    sys.exit(main())
