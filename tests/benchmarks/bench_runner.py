"""Cost of a run relative to the papermill CLI: run by hand, prints median seconds and ratios.

    python tests/benchmarks/bench_runner.py [--rounds 3] [--json FILE]

The workloads are an import-heavy notebook of ten cells, and eight such notebooks. Every round
measures every way once, in turn, so that other load on the machine affects all of them. The warm
server is started first, as `validate` does while the local stack starts; its start is measured too.
"""

import argparse
import json
import os
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

from securenet_obs.processes.polling import poll_until
from securenet_obs.runner.command import Command
from securenet_obs.runner.kernel.forked import SOCKET, started_server
from securenet_obs.runner.kernel.staying import KEEP
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.orders import order_for
from securenet_obs.runner.target import target_of

CELLS = ["import pandas, celery, sentry_sdk, structlog", *(f"x = {n}" for n in range(9))]
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
ONE, EIGHT = "papermill CLI, one", "papermill CLI, eight in sequence"
BASES = {"one": ONE, "eight": EIGHT, "lone": ONE}
MOST = {
    "one, warm": 0.15,
    "eight, warm, 4 jobs": 0.2,
    "lone `securenet-obs run`": 0.7,
    "lone, with a server that stays": 0.3,
}
"""Upper bounds of the ratios to the CLI's time."""


class Silent:
    """A progress display that shows nothing."""

    def started(self, *_: Any) -> None:
        """Show nothing."""

    waits = cell = finished = started


class Ways:
    """The ways to run notebooks; each is measured once a round.

    Args:
        folder: for notebooks and evidence.
        socket: of the warm server.
    """

    def __init__(self, folder: Path, socket: str) -> None:
        self._folder = folder
        self._socket = socket
        self._paths = [folder / f"n{n}.ipynb" for n in range(8)]
        for path in self._paths:
            document = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in CELLS])
            document.metadata["kernelspec"] = KERNEL
            nbformat.write(document, path)

    def all(self) -> dict[str, Callable[[], object]]:
        """Return the measured calls, by name."""
        return {
            ONE: lambda: self._papermill(1),
            "one, warm": lambda: self._ours(1, self._socket),
            "one, cold": lambda: self._ours(1, ""),
            "lone `securenet-obs run`": lambda: self._command(),
            "lone, with a server that stays": lambda: self._command(keep="1"),
            "lone `securenet-obs run --cold`": lambda: self._command("--cold"),
            EIGHT: lambda: self._papermill(8),
            "eight, warm, 1 job": lambda: self._ours(8, self._socket, 1),
            "eight, warm, 4 jobs": lambda: self._ours(8, self._socket, 4),
            "eight, cold, 2 jobs": lambda: self._ours(8, "", 2),
        }

    def _papermill(self, count: int) -> None:
        for path in self._paths[:count]:
            self._call("papermill", "--no-progress-bar", path, self._folder / "out.ipynb")

    def start_staying(self) -> None:
        """Let a command leave a server behind, and wait for it."""
        self._command(keep="1")
        sockets = self._folder / f"securenet-obs-{os.geteuid()}" / "warm"
        poll_until(lambda: list(sockets.glob("*.socket")), bool, deadline_s=60)

    def end_staying(self) -> None:
        """End that server."""
        self._call("securenet-obs", "down", keep="1")

    def _command(self, *options: str, keep: str = "0") -> None:
        self._call("securenet-obs", "run", self._paths[0], "--plain", *options, keep=keep)

    def _call(self, program: str, *arguments: str | Path, keep: str = "0") -> None:
        variables = {name: value for name, value in os.environ.items() if name != SOCKET}
        subprocess.run(
            [Path(sys.executable).parent / program, *arguments],
            cwd=self._folder,
            env={**variables, "TMPDIR": str(self._folder), KEEP: keep},
            check=True,
            capture_output=True,
        )

    def _ours(self, count: int, warm: str, jobs: int = 1) -> None:
        orders = [order_for(read_notebook(path, plain=True)) for path in self._paths[:count]]
        target = target_of("benchmark", {})
        command = Command(target, self._folder / "evidence", Silent(), jobs, warm=warm)
        assert command.run(orders).verdict == "passed"


def seconds(work: Callable[[], object]) -> float:
    """Return the duration of a call in seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Return median seconds, the fastest, and the ratio to papermill's CLI, by name."""
    with tempfile.TemporaryDirectory() as folder, started_server() as server:
        rows = {"the server's start": [seconds(server)]}
        measured = Ways(Path(folder), server())
        measured.start_staying()
        for number in range(rounds):
            for name, work in measured.all().items():
                print(f"round {number + 1}: {name}", file=sys.stderr)
                rows.setdefault(name, []).append(seconds(work))
        measured.end_staying()
    medians = {name: statistics.median(taken) for name, taken in rows.items()}
    bases = {name: medians.get(BASES.get(name.split()[0].strip(","), ""), 0.0) for name in rows}
    return {
        name: {"median_s": medians[name], "fastest_s": min(taken)}
        | ({"ratio": medians[name] / bases[name]} if bases[name] else {})
        for name, taken in rows.items()
    }


def main() -> int:
    """Measure, print, and return 1 if a ratio exceeds its bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="File for the figures.")
    arguments = parser.parse_args()
    rows = measure(arguments.rounds)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")
    for name, row in rows.items():
        ratio = f"  {row['ratio']:.3f}x" if "ratio" in row else ""
        print(f"{name:32} {row['median_s']:6.2f} s (fastest {row['fastest_s']:.2f}){ratio}")
    return int(any(rows[name]["ratio"] > most for name, most in MOST.items()))


if __name__ == "__main__":
    sys.exit(main())
