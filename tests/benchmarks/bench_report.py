"""Cost of the report of 10,000 runs: all of it, and one more run; the size of its index.

    python tests/benchmarks/bench_report.py [--json FILE]

The evidence has the shape of real runs, made of the stored outputs of the validations: one run to
a command, as a cron job of one notebook leaves it, and all validations to a command. Each report
is the command `securenet-obs report` in a process of its own. Beside it: a bare loop of orjson over
the same files, in a process of its own. The row "index" has bytes in place of microseconds.
"""

import statistics
import subprocess
import sys
import tempfile
import time
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


def timed(*command: str) -> float:
    """Return the seconds of a process that must succeed."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    return time.perf_counter() - began


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
        loop = statistics.median(timed("-c", BARE, str(evidence)) for _ in range(ROUNDS))
        whole = timed(*call)
        times = []
        for number in range(ROUNDS):
            one_more(evidence, number)
            times.append(timed(*call))
        one = statistics.median(times)
        size = (evidence / "index.html").stat().st_size
    return [
        Row(case, LOOP, loop * 1e6, 1.0, LOOP),
        Row(
            case,
            "all",
            whole * 1e6,
            whole / loop,
            LOOP,
            f"<= {MOST_ALL_S:g} s",
            whole <= MOST_ALL_S,
        ),
        Row(
            case,
            "one more run",
            one * 1e6,
            one / loop,
            LOOP,
            f"<= {MOST_ONE_S:g} s",
            one <= MOST_ONE_S,
        ),
        Row(case, "index", size, size / MOST_BYTES, "1 MB", "<= 1", size <= MOST_BYTES),
    ]


if __name__ == "__main__":
    report("report", [row for per_command in (1, 11) for row in measure(per_command)])
