"""A large log file, counted by workers from its ranges: time, memory, and always the same answer.

    python tests/benchmarks/bench_ranges.py [--megabytes 2000] [--kills 4] [--json FILE]

The file has flows and alerts as Suricata logs them; it is deleted at the end. Each worker has one
process for tasks. In the runs with kills each range is sent twice, in a random order, and cut at a
random byte; a worker and processes of the pool end by SIGKILL after they have stored a range or
executed its task, and before they acknowledge it. All answers must be equal, byte by byte, and that
of the pass on one core. The messages of a worker come again 25 s to 45 s after its death.
DuckDB, with two threads, counts events and bytes by minute, without addresses or quarantine.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench_network import suricata, write_log
from killed_ranges import CHILD, COUNTED, STORED, WORKER
from ranged import Counted, count, workers

from securenet_obs.detection.network.readers.entries import Range
from securenet_obs.detection.network.readers.ranges import divide, ranges_at
from securenet_obs.processes.guard import Guard
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.stack.parts.broker import RedisAccess, create_redis_part
from securenet_obs.store.migration import migrate

ONE_CORE, MOST_RATIO, MOST_MB = "one core", 0.7, 500
MEGABYTE, BLOCK_LINES, RANGES = 1_000_000, 50_000, 32

# Run in a process of its own, so that the memory is that of one pass.
_MEASURED = """
import json, sys, time
from pathlib import Path
began = time.perf_counter()
{call}
seconds = time.perf_counter() - began
peak_mb = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1000
print(json.dumps([seconds, peak_mb, answer]))
"""
_ANALYSE = """
from securenet_obs.detection.network.counting.analysis import analyse
from securenet_obs.detection.network.summary import describe
answer = describe(analyse(Path(sys.argv[1]), by_minute=True))
"""
_DUCKDB = """
import duckdb
connection = duckdb.connect()
connection.execute("SET threads = 2; SET enable_progress_bar = false")
lines = f"read_ndjson('{sys.argv[1]}', ignore_errors = true)"
sums = "sum(flow.bytes_toserver), sum(flow.bytes_toclient)"
columns = f"CAST(timestamp AS VARCHAR)[:16], count(*), {sums}"
rows = connection.execute(f"SELECT {columns} FROM {lines} GROUP BY 1").fetchall()
answer = sum(row[1] for row in rows)
"""


@dataclass(frozen=True)
class Run:
    """A line of the table: seconds, their ratio to one core, and the memory of a worker."""

    name: str
    seconds: float
    ratio: float
    peak_mb: float
    killed: int = 0
    target: str = ""
    met: bool | None = None


def write_large_log(path: Path, megabytes: int) -> None:
    """Write a log of this size: a block of lines, on one day after another."""
    write_log(path, suricata, BLOCK_LINES)
    block = path.read_bytes()
    with path.open("wb") as file:
        for day in range(max(1, megabytes * MEGABYTE // len(block))):
            date = f'"2026-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}T'
            file.write(block.replace(b'"2026-09-01T', date.encode()))


def measured(call: str, path: Path) -> tuple[float, float, Any]:
    """Return seconds, megabytes and the answer of a call on a file."""
    command = [sys.executable, "-c", _MEASURED.format(call=call), str(path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, peak_mb, answer = json.loads(printed)
    return seconds, peak_mb, answer


class Counting:
    """Runs of workers on one file: each with a Redis database that is empty, for a new tenant."""

    def __init__(self, path: Path, folder: Path, environment: dict[str, str]) -> None:
        self.path, self.folder, self.environment = path, folder, environment
        self.answers: set[bytes] = set()

    def run(self, number: int, parts: list[Range], times: int, kills: int) -> Counted:
        """Count the file by a number of workers, with kills: one of them of a whole worker."""
        name = f"{number}-workers-{kills}-kills"
        with workers(self.environment, self.folder / name, number) as running:
            for order, part in enumerate(random.Random(number).sample(parts, kills)):
                point = COUNTED if order % 2 else STORED
                process = CHILD if order else WORKER
                (running.folder / "kills" / f"{point}-{process}-{part.start}").touch()
            counted = count(running, name, self.path, parts, seed=number, times=times)
        self.answers.add(counted.answer)
        return counted


def random_ranges(path: Path, seed: int) -> list[Range]:
    """Return ranges of a file that begin at random bytes."""
    cuts = sorted(random.Random(seed).sample(range(1, path.stat().st_size), RANGES - 1))
    return list(ranges_at(path.read_bytes(), cuts))


def runs(path: Path, counting: Counting, kills: int) -> Iterator[Run]:
    """Yield each line of the table."""
    alone_s, alone_mb, described = measured(_ANALYSE, path)
    yield Run(ONE_CORE, alone_s, 1.0, alone_mb)
    duckdb_s, duckdb_mb, _ = measured(_DUCKDB, path)
    yield Run("DuckDB", duckdb_s, duckdb_s / alone_s, duckdb_mb)
    for number in (1, 2, 4):
        counted = counting.run(number, divide(path), times=1, kills=0)
        yield judged(number, counted, alone_s)
    for number in (1, 2, 4) if kills else ():
        counted = counting.run(number, random_ranges(path, number), times=2, kills=kills)
        name = f"{number} workers, each range twice"
        seconds = counted.wall_s
        yield Run(name, seconds, seconds / alone_s, counted.peak_mb, counted.killed)
    (answer,) = counting.answers
    result, minutes = json.loads(answer)
    assert {**described, "minutes": len(minutes), "full_minutes": 0} == result


def judged(number: int, counted: Counted, alone_s: float) -> Run:
    """Return the line of a run without kills, with the verdict for two workers."""
    ratio, peak_mb = counted.wall_s / alone_s, counted.peak_mb
    line = Run(f"{number} workers", counted.wall_s, ratio, peak_mb)
    if number != 2:
        return line
    met = ratio <= MOST_RATIO and peak_mb < MOST_MB
    return Run(**{**asdict(line), "target": f"<= {MOST_RATIO}, < {MOST_MB} MB", "met": met})


def show(line: Run) -> None:
    """Print a line of the table."""
    verdict = "" if line.met is None else f"{line.target}  {'met' if line.met else 'MISSED'}"
    killed = f"{line.killed} killed" if line.killed else ""
    print(
        f"{line.name:29}  {line.seconds:8.2f} s  {line.ratio:6.2f} x {ONE_CORE}"
        f"  {line.peak_mb:6.0f} MB  {killed:9}  {verdict}".rstrip(),
        flush=True,
    )


def main() -> None:
    """Write the file, count it, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=2000, help="size of the file")
    parser.add_argument("--kills", type=int, default=4, help="kills in each of three runs, or 0")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    given = parser.parse_args()
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        access = RedisAccess(find_free_ports(1)[0])
        guard = ends.enter_context(Guard())
        ends.enter_context(create_redis_part(folder / "redis", access, guard))
        store = f"sqlite:///{folder}/store.sqlite3"
        migrate(store)
        write_large_log(folder / "eve.json", given.megabytes)
        environment = {**os.environ, **access.environment, "DATABASE_URL": store}
        counting = Counting(folder / "eve.json", folder, environment)
        lines = []
        for line in runs(folder / "eve.json", counting, given.kills):
            show(line)
            lines.append(line)
    print(f"{len(lines) - 2} runs of workers: one answer, byte by byte")
    if given.json is not None:
        machine = {"python": platform.python_version(), "machine": platform.machine()}
        document = {"benchmark": "log ranges", **machine, "rows": [asdict(row) for row in lines]}
        given.json.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
