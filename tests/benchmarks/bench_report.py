"""Cost of the report of 10,000 runs: all of it, and one more run; the size of its index.

    python tests/benchmarks/bench_report.py [--json FILE]

The evidence has the shape of real runs, made of the stored outputs of the validations: one run to
a command, as a cron job of one notebook leaves it, and all validations to a command. Each report
is the command `securenet-obs report` in a process of its own. Beside it: a bare loop of orjson over
the same files, in a process of its own. The row "index" has bytes in place of microseconds.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from made_evidence import START, make_evidence, make_row, stored_checks, write_command
from rounds import Row, report

RUNS, ROUNDS = 10_000, 5
MOST_ALL_S, MOST_ONE_S, MOST_BYTES = 10.0, 1.0, 1_000_000
LOOP = f"a bare loop over {RUNS:,} runs"

BARE = """
import sys
from pathlib import Path
import orjson
files = Path(sys.argv[1]).glob("*/run.json")
runs = sum(len(orjson.loads(path.read_bytes())["runs"]) for path in files)
assert runs >= 10_000, runs
"""


@dataclass(frozen=True)
class Spent:
    """Seconds of a process, and those that it spent on a processor."""

    wall: float
    processor: float


def timed(*command: str) -> Spent:
    """Return the seconds of a process that must succeed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(wall, used)


def rows_of(case: str, call: str, spent: Sequence[Spent], loop: float, most_s: float) -> list[Row]:
    """Return the row of a call with its bound, and that of its processor time.

    On a machine with other load, the latter tells whether the bound would be met without it.
    """
    wall = statistics.median(each.wall for each in spent)
    processor = statistics.median(each.processor for each in spent)
    return [
        Row(case, call, wall * 1e6, wall / loop, LOOP, f"<= {most_s:g} s", wall <= most_s),
        Row(case, f"{call}, processor time", processor * 1e6, processor / loop, LOOP),
    ]


def one_more(evidence: Path, number: int) -> None:
    """Write the evidence of a command with one run, later than all others."""
    name, checks = next(iter(stored_checks().items()))
    started = START + timedelta(days=365, minutes=number)
    row = make_row(name, checks, started)
    write_command(evidence, f"{started:%Y%m%dT%H%M%SZ}-{number:08x}", [row])


def measure(per_command: int) -> list[Row]:
    """Return the rows of one layout of the evidence."""
    case = f"{per_command} to a command"
    with tempfile.TemporaryDirectory() as folder:
        evidence = Path(folder)
        make_evidence(evidence, RUNS, per_command=per_command)
        call = ("-m", "securenet_obs", "report", str(evidence))
        bare = [timed("-c", BARE, str(evidence)) for _ in range(ROUNDS)]
        loop = statistics.median(each.wall for each in bare)
        whole = timed(*call)
        spent = []
        for number in range(ROUNDS):
            one_more(evidence, number)
            spent.append(timed(*call))
        size = (evidence / "index.html").stat().st_size
    return [
        Row(case, LOOP, loop * 1e6, 1.0, LOOP),
        *rows_of(case, "all", [whole], loop, MOST_ALL_S),
        *rows_of(case, "one more run", spent, loop, MOST_ONE_S),
        Row(case, "index", size, size / MOST_BYTES, "1 MB", "<= 1", size <= MOST_BYTES),
    ]


if __name__ == "__main__":
    report("report", [row for per_command in (1, 11) for row in measure(per_command)])
