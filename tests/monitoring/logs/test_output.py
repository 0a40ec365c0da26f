"""Where lines go."""

import contextlib
import io
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from securenet_obs.monitoring.logs.json_line import REQUIRED
from securenet_obs.monitoring.logs.output import LineOutput, PrintedLines
from tests.busy import room_for


def test_threads_do_not_mix_their_lines() -> None:
    """Long lines of several threads arrive whole, though a pipe takes them in pieces."""
    reading, writing = os.pipe()
    output = LineOutput(writing)
    lines = [bytes([65 + number]) * 60_000 + b"\n" for number in range(8)]
    threads = [threading.Thread(target=output.write, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    with os.fdopen(reading, "rb") as pipe:
        arrived = sorted(pipe.readline() for _ in lines)
    for thread in threads:
        thread.join()
    os.close(writing)
    assert arrived == lines


def filled_pipe() -> tuple[int, int]:
    """Return a pipe that takes nothing more, as that of a reader who has stopped."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"-" * 512)
    os.set_blocking(writing, True)
    return reading, writing


def drained(descriptor: int) -> bytes:
    """Return what is in a pipe now."""
    os.set_blocking(descriptor, False)
    found = b""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(descriptor, 1 << 20):
            found += piece
    return found.lstrip(b"-")


@pytest.fixture(params=["asked", "polled"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the kernel asked not to wait, and then do without, as on macOS."""
    if request.param == "polled":
        monkeypatch.delattr(os, "RWF_NOWAIT", raising=False)
    elif not hasattr(os, "RWF_NOWAIT"):
        pytest.skip("this system cannot be asked")


@pytest.mark.usefixtures("kernel")
def test_a_reader_that_has_stopped_costs_lines_and_one_wait() -> None:
    """One line waits as long as it may, the next not at all, and the loss is told afterwards."""
    reading, writing = filled_pipe()
    output = LineOutput(writing, patience_s=0.2)
    began = time.monotonic()
    for _ in range(50):
        output.write(b"line\n")
    output.tells_lost = b"lost %d\n".__mod__
    assert 0.15 < time.monotonic() - began < room_for(0.6)
    assert output.lost == 50
    drained(reading)
    output.write(b"again\n")
    output.write(b"and on\n")
    assert drained(reading) == b"lost 50\nagain\nand on\n"


@pytest.mark.usefixtures("kernel")
def test_a_reader_that_is_slow_costs_nothing() -> None:
    """A line waits for a reader that makes room in time."""
    reading, writing = filled_pipe()
    output = LineOutput(writing, patience_s=5)
    threading.Timer(0.1, os.read, args=(reading, 1 << 20)).start()
    output.write(b"line\n")
    assert output.lost == 0
    assert drained(reading).endswith(b"line\n")


@pytest.mark.usefixtures("kernel")
def test_a_line_that_was_torn_does_not_spoil_the_next() -> None:
    """What was written of a line before its reader stopped ends before the next begins."""
    reading, writing = os.pipe()
    output = LineOutput(writing, patience_s=0.05)
    output.tells_lost = b"lost %d\n".__mod__
    output.write(b"x" * 300_000 + b"\n")
    assert output.lost == 1
    torn = drained(reading)
    output.write(b"again\n")
    assert torn.strip(b"x") == b""
    assert drained(reading) == b"\nlost 1\nagain\n"


def test_a_signal_may_log_while_its_thread_writes() -> None:
    """A handler that logs in the middle of a line does not wait for itself."""
    reading, writing = os.pipe()
    output = LineOutput(writing)
    with output._lock:
        output.write(b"from the handler\n")
    assert drained(reading) == b"from the handler\n"


def test_a_closed_descriptor_costs_lines(tmp_path: Path) -> None:
    """A process whose stdout is closed goes on."""
    descriptor = os.open(tmp_path / "closed", os.O_WRONLY | os.O_CREAT)
    os.close(descriptor)
    output = LineOutput(descriptor)
    output.write(b"line\n")
    assert output.lost == 1


def test_a_printed_line_is_logged_when_it_is_complete() -> None:
    """Pieces are put together, blank lines left out, and threads do not share pieces."""
    stream = PrintedLines("stdout", "info")
    with capture_logs() as logged:
        stream.write("one ")
        threading.Thread(target=stream.write, args=("other\n",)).start()
        stream.write("line\n\n  \nrest")
    assert [line["event"] for line in logged] == ["other", "one line"]


def test_in_a_notebook_lines_go_where_its_reader_sees_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel's stdout has a number, but that leads to the kernel's own output."""

    class KernelStream(io.StringIO):
        def fileno(self) -> int:
            return 1

    shown = KernelStream()
    monkeypatch.setattr(sys, "stdout", shown)
    LineOutput().write(b'{"event":"seen"}\n')
    assert shown.getvalue() == '{"event":"seen"}\n'


def test_lines_that_nobody_could_read_are_told(run: Any) -> None:
    """The first line that gets through says how many did not, in a line like the others."""
    finished = run(
        """
    import os, sys, structlog
    from securenet_obs.monitoring import configure_structlog
    from securenet_obs.monitoring.logs.output import LineOutput
    reading, writing = os.pipe()
    output = LineOutput(writing, patience_s=0.05)
    configure_structlog(output=output)
    log = structlog.get_logger()
    for number in range(2000):
        log.info("into a full pipe", text="x" * 200)
    lost = output.lost
    os.set_blocking(reading, False)
    os.read(reading, 1 << 20)
    log.info("again")
    sys.stdout.write(os.read(reading, 1 << 20).decode().lstrip())
    assert 1000 < lost < 2000
    """
    )
    assert finished.stderr == ""
    assert [line["event"] for line in finished.lines] == ["log_lines_lost", "again"]
    assert finished.lines[0]["count"] > 1000
    assert finished.lines[0].keys() >= set(REQUIRED)
