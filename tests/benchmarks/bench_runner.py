"""What a run costs beside the papermill CLI: run by hand, prints medians in seconds and ratios.

    python tests/benchmarks/bench_runner.py

An import-heavy notebook of ten cells, and eight of them. The warm server's start is its own line:
`validate` starts it while the local stack comes up.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

from securenet_obs.runner.catalog import read_notebook
from securenet_obs.runner.command import Command, order_for
from securenet_obs.runner.forked import started_server
from securenet_obs.runner.target import target_of

CELLS = ["import pandas, celery, sentry_sdk, structlog", *(f"x = {n}" for n in range(9))]
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
MOST = {"one, warm": 0.15, "eight, warm, 4 jobs": 0.2}
"""Ratios to the CLI's time that the design allows."""


class Silent:
    """A progress display that shows nothing."""

    def started(self, *_: Any) -> None:
        """Show nothing."""

    cell = finished = started


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Return the median time of `rounds` calls."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def main() -> int:
    """Measure, print, and return 1 if a ratio is above what the design allows."""
    folder = Path(tempfile.mkdtemp())
    paths = [folder / f"n{n}.ipynb" for n in range(8)]
    for path in paths:
        document = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in CELLS])
        document.metadata["kernelspec"] = KERNEL
        nbformat.write(document, path)
    papermill = [Path(sys.executable).parent / "papermill", "--no-progress-bar"]

    def cli(path: Path) -> None:
        command = [*papermill, path, folder / "out.ipynb"]
        subprocess.run(command, check=True, capture_output=True)

    def ours(count: int, warm: str, jobs: int = 1) -> None:
        orders = [order_for(read_notebook(path, plain=True)) for path in paths[:count]]
        target = target_of("benchmark", {})
        outcome = Command(target, folder / "evidence", Silent(), jobs, warm=warm).run(orders)
        assert outcome.verdict == "passed"

    one = seconds(lambda: cli(paths[0]), 3)
    eight = seconds(lambda: [cli(path) for path in paths], 1)
    started = time.perf_counter()
    with started_server() as server:
        socket = server()
        rows = {"the server's start": (time.perf_counter() - started, 0.0)}
        for name, base, work, rounds in (
            ("one, cold", one, lambda: ours(1, ""), 3),
            ("one, warm", one, lambda: ours(1, socket), 5),
            ("eight, cold, 2 jobs", eight, lambda: ours(8, "", 2), 1),
            ("eight, warm, 1 job", eight, lambda: ours(8, socket, 1), 3),
            ("eight, warm, 4 jobs", eight, lambda: ours(8, socket, 4), 3),
        ):
            taken = seconds(work, rounds)
            rows[name] = (taken, taken / base)
    print(f"papermill CLI: one {one:.2f} s, eight one after another {eight:.2f} s")
    for name, (taken, ratio) in rows.items():
        print(f"{name:22} {taken:6.2f} s" + (f"  {ratio:.3f}x" if ratio else ""))
    return int(any(rows[name][1] > most for name, most in MOST.items()))


if __name__ == "__main__":
    sys.exit(main())
