"""Warm server: its processes are as fresh as started ones, and end with their owner."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from securenet_obs.runner.child import spawn, supervision
from securenet_obs.runner.command import Outcome
from securenet_obs.runner.kernel import forked
from securenet_obs.runner.kernel.forked import ForkedProcess, started_server
from securenet_obs.runner.kernel.warm import available
from tests.busy import room_for
from tests.waiting import eventually

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not available(), reason="warm servers are for Linux"),
]

LOOK = """
import json, os, random, sys, time, threading, uuid
import numpy, pandas
from securenet_obs.settings import get_settings
print(json.dumps({
    "random": random.random(), "numpy": float(numpy.random.rand()), "uuid": str(uuid.uuid4()),
    "variables": sorted(os.environ), "zone": time.tzname[0], "sid": os.getsid(0) == os.getpid(),
    "main": sorted(name for name in globals() if not name.startswith("_")),
    "ours": [name for name in sys.modules if name.startswith("securenet_obs.")
             and not name.startswith("securenet_obs.runner")],
    "read": get_settings.cache_info().currsize,
    "columns": pandas.get_option("display.max_columns"),
}))
"""


def looked(outcome: Outcome) -> dict[str, Any]:
    """Return the JSON object that a notebook's last cell printed."""
    document = json.loads(next(outcome.folder.glob("*.ipynb")).read_text())
    return dict(json.loads(document["cells"][-1]["outputs"][0]["text"]))


@pytest.mark.slow
def test_a_forked_kernel_is_as_fresh_as_a_started_one(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """Random states differ, and variables and names are the same as in a cold kernel."""
    path = write_notebook(LOOK)
    environment = {"TZ": "Asia/Tokyo", "ONLY_HERE": "1"}
    first = looked(execute(path, plain=True, environment=environment))
    second = looked(execute(path, plain=True, environment=environment))
    cold = looked(execute(path, plain=True, environment=environment, cold=True))
    for name in ("random", "numpy", "uuid"):
        assert first[name] != second[name]
    assert first["zone"] == "JST"
    assert first["sid"] is True
    assert first["main"] == cold["main"]
    # Whether a table is shown whole must not depend on where pandas was imported.
    assert first["columns"] == cold["columns"]
    # Variables that a started kernel sets about its parent, and the coverage of these tests.
    extra = {"JPY_PARENT_PID", "LINES", "COLUMNS"}
    assert set(first["variables"]) ^ set(cold["variables"]) <= extra
    assert first["read"] == 0
    assert "securenet_obs.workers" not in str(first["ours"])


@pytest.mark.parametrize("cold", [False, True])
def test_a_notebook_has_the_plot_style_of_its_folder(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], cold: bool
) -> None:
    """matplotlib reads a `matplotlibrc` of the folder in which it is imported."""
    look = "import json, matplotlib.pyplot as plt\n"
    look += (
        "print(json.dumps({name: plt.rcParams[name] for name in ('lines.linewidth', 'backend')}))"
    )
    path = write_notebook(look)
    (path.parent / "matplotlibrc").write_text("lines.linewidth: 7\nbackend: svg\n")
    style = looked(execute(path, plain=True, cold=cold))
    assert (style["lines.linewidth"], "inline" in style["backend"]) == (7, True)


@pytest.mark.slow
def test_a_server_ends_with_its_owner_and_takes_everything_along(tmp_path: Path) -> None:
    """Server, attendants and kernels are gone after the process that started them is killed."""
    code = (
        "import os, sys, time\n"
        "from securenet_obs.runner.kernel.forked import ForkedProcess, started_server\n"
        "with started_server() as server, open(os.devnull, 'r+b') as nothing:\n"
        "    kernel = ForkedProcess(server(), 'securenet_obs.runner.kernel.main', [],\n"
        "        environment=os.environ, folder='.', streams=[nothing.fileno()] * 3)\n"
        "    print('up', flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=tmp_path)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"up\n"
    below = psutil.Process(owner.pid).children(recursive=True)
    assert len(below) >= 3
    owner.kill()
    owner.communicate()
    assert psutil.wait_procs(below, timeout=120)[1] == []


@pytest.fixture
def own_server() -> Iterator[tuple[str, psutil.Process]]:
    """Yield the socket of a server for this test alone, and its process."""
    before = set(psutil.Process().children())
    with started_server() as server:
        socket = server()
        (process,) = set(psutil.Process().children()) - before
        yield socket, process
        with suppress(psutil.NoSuchProcess):
            process.kill()


def test_a_spare_that_was_killed_costs_at_most_one_answer(
    own_server: tuple[str, psutil.Process], tmp_path: Path
) -> None:
    """The server forks new spares in place of killed ones."""
    socket, process = own_server
    time.sleep(0.5)
    for spare in process.children():
        spare.kill()

    def fork() -> int:
        with open(os.devnull, "r+b") as nothing:
            page = ForkedProcess(
                socket, "securenet_obs.runner.evidence.pages", ["title", "/nowhere"],
                environment=os.environ, folder=tmp_path, streams=[nothing.fileno()] * 3,
            )  # fmt: skip
        return page.wait(30)

    answers = []
    while len(answers) < 5:
        try:
            answers.append(fork())
        except forked.SecureNetObsError:
            answers.append(-1)
    assert answers[3:] == [1, 1]


@pytest.fixture
def shared_server(server: str) -> tuple[str, None]:
    """Return the socket of the server of all tests."""
    return server, None


# (process, signal) -> the verdict of the run in flight
HITS = {
    ("server", signal.SIGKILL): "passed",
    ("server", signal.SIGSTOP): "passed",
    ("child's attendant", signal.SIGKILL): "interrupted",
    ("child's attendant", signal.SIGSTOP): "passed",
    ("kernel's attendant", signal.SIGKILL): "kernel_died",
    ("kernel's attendant", signal.SIGSTOP): "timeout",
}


def test_a_plot_is_shown_by_a_forked_kernel(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The figure is shown, although matplotlib was loaded before the kernel was forked."""
    outcome = execute(write_notebook("import pandas\npandas.Series([1, 2]).plot();"), plain=True)
    (run,) = outcome.folder.glob("*.ipynb")
    assert '"image/png"' in run.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(("victim", "number"), HITS, ids=str)
def test_a_run_ends_with_a_verdict_whoever_is_killed_or_stopped(
    victim: str,
    number: signal.Signals,
    request: pytest.FixtureRequest,
    write_notebook: Callable[..., Path],
    execute: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The run ends by its deadline, with a page, and none of its processes survives."""
    monkeypatch.setattr(supervision, "GRACE_PERIOD_S", 1.0)
    monkeypatch.setattr(spawn, "TERMINATION_TIMEOUT_S", 1.0)
    own = victim == "server"
    socket, server = request.getfixturevalue("own_server" if own else "shared_server")
    pids, struck = tmp_path / "pids", tmp_path / "struck"
    # Only one run is meant to hit its deadline, while it waits for its kernel to end.
    deadline_s, rest_s = (6.0, 1.5) if HITS[victim, number] == "timeout" else (60.0, 0.5)
    cell = (
        "import os, time\nfrom pathlib import Path\n"
        f"Path({str(pids)!r}).write_text(f'{{os.getpid()}} {{os.getppid()}}')\n"
        f"while not Path({str(struck)!r}).exists(): time.sleep(0.02)\n"
        f"time.sleep({rest_s})"
    )
    hit: list[psutil.Process] = []

    def strike() -> None:
        eventually(lambda: pids.exists() and " " in pids.read_text())
        kernel, keeper = map(int, pids.read_text().split())
        (child,) = (row for row in psutil.process_iter() if _reports(row, tmp_path, kernel))
        hit.extend([psutil.Process(kernel), child])
        victims = {"server": server, "kernel's attendant": psutil.Process(keeper)}
        hit.append(victims.get(victim) or child.parent())
        # The run has all its processes; for the page, a stopped server is not waited for long.
        monkeypatch.setattr(forked, "ANSWER_TIMEOUT_S", 1.0)
        hit[-1].send_signal(number)
        struck.touch()

    threading.Thread(target=strike, daemon=True).start()
    started = time.monotonic()
    outcome = execute(write_notebook(cell), plain=True, deadline_s=deadline_s, warm=socket)
    assert str(outcome.verdict) == HITS[victim, number], outcome.runs[0].judged
    assert time.monotonic() - started < room_for(30)
    assert (outcome.folder / "a_claim.html").exists()
    *survivors, killed = hit
    with suppress(psutil.NoSuchProcess):
        killed.kill()
    assert psutil.wait_procs(survivors, timeout=120)[1] == []


def _reports(process: psutil.Process, folder: Path, kernel: int) -> bool:
    """Return whether a process is the child that executes this test's notebook."""
    try:
        files = [file.path for file in process.open_files()]
    except psutil.Error:
        return False
    return process.pid != os.getpid() and any(
        path.startswith(str(folder)) and path.endswith("journal.jsonl") for path in files
    )


def test_a_server_that_is_gone_is_a_verdict(
    own_server: tuple[str, psutil.Process],
    write_notebook: Callable[..., Path],
    execute: Callable[..., Outcome],
) -> None:
    """A run that cannot be started is an error with a reason and evidence."""
    socket, server = own_server
    server.kill()
    server.wait(30)
    outcome = execute(write_notebook("1"), plain=True, warm=socket)
    assert str(outcome.verdict) == "error"
    assert "does not answer" in (outcome.runs[0].judged or {})["reason"]
    assert (outcome.folder / "a_claim.html").exists()
