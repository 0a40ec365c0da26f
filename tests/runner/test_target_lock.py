"""Target lock: an exclusive run is alone on its target, across all commands."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from securenet_obs.processes.descendants import MARK
from securenet_obs.runner.kernel.forked import SOCKET
from securenet_obs.runner.target import Target
from securenet_obs.runner.target_lock import target_lock
from tests.busy import room_for
from tests.waiting import eventually

HOLDER = """
import sys, threading
from securenet_obs.runner.target_lock import target_lock
from securenet_obs.runner.target import Target
target = Target("t", {"API_URL": sys.argv[1]})
exclusive, stop = sys.argv[2] == "alone", threading.Event()
with target_lock(target, "held", exclusive=exclusive, stop=stop, on_wait=print):
    print("holds", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def address() -> str:
    """Return the address of a target that no other test has."""
    return f"http://{uuid4().hex}"


@pytest.fixture
def another(address: str) -> Iterator[Callable[[str], "subprocess.Popen[str]"]]:
    """Return a function that has another process hold the target, `alone` or `together`."""
    started = []

    def start(way: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", HOLDER, address, way]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("theirs", "ours", "waits"),
    [
        ("together", "together", []),
        ("alone", "together", ["waits for held"]),
        ("together", "alone", ["waits for held"]),
        ("alone", "alone", ["waits for held"]),
    ],
)
def test_alone_is_alone_and_together_is_together(
    theirs: str, ours: str, waits: list[str], address: str, another: Callable[..., Any]
) -> None:
    """A waiting run names the holder once, and continues when the holder ends or is killed."""
    process, reasons = another(theirs), []

    def on_wait(reason: str) -> None:
        reasons.append(reason)
        threading.Timer(0.3, process.kill).start()

    target = Target("t", {"API_URL": address})
    with target_lock(
        target, "ours", exclusive=ours == "alone", stop=threading.Event(), on_wait=on_wait
    ):
        pass
    assert reasons == waits


def test_another_target_is_not_waited_for(another: Callable[..., Any]) -> None:
    """A run does not wait for a run on another target."""
    another("alone")
    target = Target("t", {"API_URL": "http://elsewhere"})
    with target_lock(target, "ours", exclusive=False, stop=threading.Event(), on_wait=pytest.fail):
        pass


def test_a_stop_ends_the_wait(address: str, another: Callable[..., Any]) -> None:
    """Ctrl-C ends the wait at once."""
    another("alone")
    stop, started = threading.Event(), time.monotonic()
    with target_lock(
        Target("t", {"API_URL": address}),
        "ours",
        exclusive=True,
        stop=stop,
        on_wait=lambda _: stop.set(),
    ):
        assert time.monotonic() - started < room_for(2)


def test_a_run_that_a_notebook_starts_does_not_wait_for_that_notebook(
    address: str, another: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outer run's lock covers the inner run."""
    another("alone")
    monkeypatch.setenv(MARK, "folder/run")
    with target_lock(
        Target("t", {"API_URL": address}),
        "inner",
        exclusive=True,
        stop=threading.Event(),
        on_wait=pytest.fail,
    ):
        pass


@pytest.mark.slow
def test_exclusive_holds_across_two_commands(
    write_notebook: Callable[..., Path],
    server: str,
    address: str,
    tmp_path: Path,
) -> None:
    """One of two commands on the same target waits and names the other, and both pass."""
    # On a busy machine one of them may begin when the other's work of a second would be done.
    seen = tmp_path / "seen"
    cell = (
        "import os, pathlib, time\nflag = pathlib.Path(os.environ['FLAG'])\n"
        "flag.touch(exist_ok=False)\n"
        f"while not os.path.exists({str(seen)!r}): time.sleep(0.02)\n"
        "time.sleep(0.2)\nflag.unlink()"
    )
    path = write_notebook(cell, exclusive=True, kind="runbook", cell_deadline_s=60)
    environment = {**os.environ, SOCKET: server, "API_URL": address, "FLAG": str(tmp_path / "flag")}
    outputs = [tmp_path / name for name in ("first", "second")]
    commands = []
    for output in outputs:
        with output.open("wb") as file:
            command = [sys.executable, "-m", "securenet_obs", "run", str(path)]
            commands.append(subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=file))

    def count_waiting() -> int:
        return sum("waits for a_claim (" in output.read_text() for output in outputs)

    try:
        eventually(count_waiting, 60)
    finally:
        seen.touch()
        codes = [command.wait(120) for command in commands]
    assert codes == [0, 0], [output.read_text() for output in outputs]
    assert count_waiting() == 1
