"""Cost of reading logs: `log_frame` and `logs check` beside DuckDB, pandas and a bare loop.

    python tests/benchmarks/bench_reading.py [--json FILE]

The log has 400,000 lines with twelve fields; 1 line in 981 is bad. `log_frame` and DuckDB use two
processors, the others one. `logs check` is also measured as a process, beside a script with the
bare loop. Memory is the peak above that of a process that has read two lines, beside the size of
the frame; the second process of `log_frame` is not in it. 1 MiB of the shapes that cost most takes
at most 1 s.
"""

import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import orjson
import pandas as pd
from rounds import Row, Target, interleaved, ratio, report, rows

from securenet_obs.probes.logs.check import check_lines
from securenet_obs.probes.logs.frame import log_frame

LINES, BAD_EVERY, ROUNDS = 400_000, 981, 5
COLUMNS = {
    "timestamp": "TIMESTAMP",
    "level": "VARCHAR",
    "logger": "VARCHAR",
    "event": "VARCHAR",
    "service": "VARCHAR",
    "environment": "VARCHAR",
    "release": "VARCHAR",
    "request_id": "VARCHAR",
    "tenant_id": "VARCHAR",
    "duration_ms": "DOUBLE",
    "records": "BIGINT",
    "message": "VARCHAR",
}
BAD_LINES = (
    b'{"event": "x", "duration_ms": NaN}',
    b'{"event": "x", "records": 1,}',
    b"Traceback (most recent call last):",
    b'{"event": "cut',
    b'{"event": "\xff"}',
    b'{"records": 01}',
)
BARE, DUCKDB, FRAME, CHECK = "an orjson loop", "DuckDB, .df()", "log_frame", "check_lines"
SCRIPT, COMMAND = "an orjson script", "logs check"

HOSTILE = {
    "bad lines": b"x\n" * 500_000,
    "different bad lines": b"".join(b"%x\n" % number for number in range(180_000)),
    "numbers as lines": b"1\n" * 500_000,
    "other keys in every line": b"".join(
        orjson.dumps({f"k{n}": 0 for n in range(12) if bits >> n & 1}) + b"\n"
        for bits in range(1, 16_384)
    ),
}

BARE_SCRIPT = """
import sys, orjson
with open(sys.argv[1], "rb") as file:
    for line in file:
        try:
            orjson.loads(line)
        except orjson.JSONDecodeError:
            pass
"""

# The peak of getrusage is that of the parent, if that is larger.
MEASURE_MEMORY = """
import sys
from pathlib import Path
from securenet_obs.probes.logs.frame import log_frame
def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
log_frame(sys.argv[2])
before = peak()
frame = log_frame(sys.argv[1]).frame
print(peak() - before, int(frame.memory_usage(deep=True).sum()))
"""


def write_log(path: Path, lines: int) -> None:
    """Write a log like that of the service."""
    choose = random.Random(7)
    with path.open("wb") as file:
        for number in range(lines):
            is_bad = number % BAD_EVERY == BAD_EVERY - 1
            line = choose.choice(BAD_LINES) if is_bad else make_line(number, choose)
            file.write(line + b"\n")


def make_line(number: int, choose: random.Random) -> bytes:
    """Return one line of the log."""
    seconds, micros = divmod(number * 2161, 10**6)
    time = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{micros:06}"
    record = {
        "timestamp": f"2026-11-23T{time}Z",
        "level": choose.choices(["debug", "info", "warning", "error"], [5, 90, 4, 1])[0],
        "logger": "securenet_obs.api.app",
        "event": choose.choice(["request_finished", "task_started", "task_succeeded"]),
        "service": "securenet-api",
        "environment": "production",
        "release": "securenet@0.1.0",
        "request_id": f"{choose.getrandbits(128):032x}",
        "tenant_id": f"tenant-{choose.randrange(50)}",
        "duration_ms": choose.random() * 100,
        "records": choose.randrange(10**6),
        "message": "x" * choose.randrange(60, 240),
    }
    return json.dumps(record).encode()


def read_bare(path: Path) -> list[int]:
    """Return the numbers of the lines that are not JSON; drop the others."""
    bad = []
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                orjson.loads(line)
            except orjson.JSONDecodeError:
                bad.append(number)
    return bad


def read_duckdb(path: Path) -> pd.DataFrame:
    """Return the frame of DuckDB, which alters values and accepts NaN and trailing commas."""
    query = f"select * from read_ndjson('{path}', columns={COLUMNS!r}, ignore_errors=true)"
    return duckdb.connect().execute(query).df()


def compare(path: Path) -> Iterator[Row]:
    """Yield the rows of one log."""
    found = log_frame(path).rejected_lines["line"].tolist()
    if found != read_bare(path):
        raise AssertionError("log_frame rejects other lines than a strict loop")
    calls = {
        BARE: lambda: read_bare(path),
        DUCKDB: lambda: read_duckdb(path),
        FRAME: lambda: log_frame(path),
        CHECK: lambda: check_lines(path),
    }
    times = interleaved(calls, rounds=ROUNDS)
    targets = {(FRAME, DUCKDB): Target(most=1.3), (CHECK, BARE): Target(most=2.0)}
    yield from rows(f"{LINES:,} lines", times, BARE, targets)


def compare_processes(path: Path) -> Iterator[Row]:
    """Yield the rows of whole processes, their start included."""
    command = [sys.executable, "-m", "securenet_obs", "logs", "check", str(path)]
    calls = {
        SCRIPT: lambda: _run(sys.executable, "-c", BARE_SCRIPT, str(path)),
        COMMAND: lambda: _run(*command),
    }
    times = interleaved(calls, rounds=ROUNDS)
    yield from rows("a process", times, SCRIPT, {(COMMAND, SCRIPT): Target(most=2.0)})


def _run(*command: str) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)


def measure_memory(path: Path, small: Path) -> Row:
    """Return the row of the memory; its time column holds MB of the peak."""
    command = [sys.executable, "-c", MEASURE_MEMORY, str(path), str(small)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    peak, size = map(int, done.stdout.split())
    target = Target(most=2.5)
    is_met = target.met(peak / size)
    return Row("peak memory [MB]", FRAME, peak / 1e6, peak / size, "the frame", str(target), is_met)


def measure_hostile(path: Path) -> Iterator[Row]:
    """Yield a row for each shape: the target is an absolute one."""
    for shape, content in HOSTILE.items():
        path.write_bytes(content)
        times = interleaved({BARE: lambda: read_bare(path), FRAME: lambda: log_frame(path)}, ROUNDS)
        seconds = statistics.median(times[FRAME])
        to_bare = ratio(times, FRAME, BARE)
        case = f"1 MiB: {shape}"
        yield Row(case, FRAME, seconds * 1e6, to_bare, BARE, "<= 1 s", seconds <= 1)


def measured() -> Iterator[Row]:
    """Yield the rows of the whole benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        path, small = Path(folder, "big.jsonl"), Path(folder, "small.jsonl")
        write_log(path, LINES)
        write_log(small, 2)
        yield from compare(path)
        yield from compare_processes(path)
        yield measure_memory(path, small)
        yield from measure_hostile(Path(folder, "hostile.jsonl"))


if __name__ == "__main__":
    report("reading logs", measured())
