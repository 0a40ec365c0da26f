"""Output of log lines to a file descriptor."""

import contextlib
import io
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.monitoring.logs.json_line import REQUIRED
from securenet_obs.monitoring.logs.output.line_output import LineOutput
from tests.busy import room_for


def test_threads_do_not_mix_their_lines() -> None:
    """Long lines of several threads arrive whole through a pipe that takes them in pieces."""
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
    """Return a full pipe, as with a reader that has stopped."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"-" * 512)
    os.set_blocking(writing, True)
    return reading, writing


def drained(descriptor: int) -> bytes:
    """Return the current content of a pipe."""
    os.set_blocking(descriptor, False)
    found = b""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(descriptor, 1 << 20):
            found += piece
    return found.lstrip(b"-")


@pytest.fixture(params=["nowait", "polled"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test with and without RWF_NOWAIT, which macOS does not have."""
    if request.param == "polled":
        monkeypatch.delattr(os, "RWF_NOWAIT", raising=False)
    elif not hasattr(os, "RWF_NOWAIT"):
        pytest.skip("this system has no RWF_NOWAIT")


@pytest.mark.usefixtures("kernel")
def test_a_stopped_reader_costs_lines_and_one_timeout() -> None:
    """One line waits for the timeout, later ones do not wait, and the loss is reported."""
    reading, writing = filled_pipe()
    output = LineOutput(writing, timeout_s=0.2)
    began = time.monotonic()
    for _ in range(50):
        output.write(b"line\n")
    output.format_lost = b"lost %d\n".__mod__
    assert 0.15 < time.monotonic() - began < room_for(0.6)
    assert output.lost == 50
    drained(reading)
    output.write(b"again\n")
    output.write(b"and on\n")
    assert drained(reading) == b"lost 50\nagain\nand on\n"


@pytest.mark.usefixtures("kernel")
def test_a_slow_reader_costs_no_line() -> None:
    """A line waits until a slow reader makes room within the timeout."""
    reading, writing = filled_pipe()
    output = LineOutput(writing, timeout_s=5)
    threading.Timer(0.1, os.read, args=(reading, 1 << 20)).start()
    output.write(b"line\n")
    assert output.lost == 0
    assert drained(reading).endswith(b"line\n")


@pytest.mark.usefixtures("kernel")
def test_a_partial_line_does_not_corrupt_the_next() -> None:
    """A partially written line is ended before the next line begins."""
    reading, writing = os.pipe()
    output = LineOutput(writing, timeout_s=0.05)
    output.format_lost = b"lost %d\n".__mod__
    output.write(b"x" * 300_000 + b"\n")
    assert output.lost == 1
    torn = drained(reading)
    output.write(b"again\n")
    assert torn.strip(b"x") == b""
    assert drained(reading) == b"\nlost 1\nagain\n"


def test_a_signal_may_log_while_its_thread_writes() -> None:
    """A signal handler that logs during a write does not deadlock."""
    reading, writing = os.pipe()
    output = LineOutput(writing)
    with output._sink.lock:
        output.write(b"from the handler\n")
    assert drained(reading) == b"from the handler\n"


def test_a_closed_descriptor_only_loses_lines(tmp_path: Path) -> None:
    """A process with a closed stdout continues."""
    descriptor = os.open(tmp_path / "closed", os.O_WRONLY | os.O_CREAT)
    os.close(descriptor)
    output = LineOutput(descriptor)
    output.write(b"line\n")
    assert output.lost == 1


def test_lines_in_a_notebook_go_to_its_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel's stdout has a descriptor, but that of the kernel's own output."""

    class KernelStream(io.StringIO):
        def fileno(self) -> int:
            return 1

    stream = KernelStream()
    monkeypatch.setattr(sys, "stdout", stream)
    LineOutput().write(b'{"event":"seen"}\n')
    assert stream.getvalue() == '{"event":"seen"}\n'


def test_lost_lines_are_reported(run: Any) -> None:
    """The first line after a loss reports the number of lost lines, in the usual format."""
    finished = run(
        """
    import os, sys, structlog
    from securenet_obs.monitoring import configure_structlog
    from securenet_obs.monitoring.logs.output.line_output import LineOutput
    reading, writing = os.pipe()
    output = LineOutput(writing, timeout_s=0.05)
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


LINE = b'{"timestamp":"2026-11-26T21:37:2%d.000000Z","level":"info"}\n'


def counted(written: int, lost: int, time: str = "2026-11-26T21:37:2") -> dict[Any, int]:
    counts = {(time, "written"): written, (time, "lost"): lost}
    return {key: count for key, count in counts.items() if count}


def test_lines_are_counted_in_the_slice_of_their_timestamp(tmp_path: Path) -> None:
    """Coloured text for a terminal is not; what was taken is not counted again."""
    with (tmp_path / "log").open("wb") as file:
        output = LineOutput(file.fileno())
        for number in (0, 9):
            output.write(LINE % number)
        output.write(b"21:37:20 INFO event\n")
        assert output.take_counts() == counted(2, 0)
        assert output.take_counts() == {}


def test_lost_lines_are_counted_with_their_report() -> None:
    """The report is a line, too; one that was lost before it was made counts at the moment."""
    reading, writing = filled_pipe()
    output = LineOutput(writing, timeout_s=0.0)
    output.format_lost = lambda count: LINE % 5
    output.write(LINE % 1)
    assert output.take_counts() == counted(1, 1)
    drained(reading)
    output.lost += 1
    output.write(LINE % 2)
    counts = output.take_counts()
    assert counts.pop(("2026-11-26T21:37:2", "written")) == 2
    assert sorted(outcome for _, outcome in counts) == ["lost", "written"]
    assert set(counts.values()) == {1}
    os.close(writing)
    os.close(reading)


def test_a_forked_child_does_not_count_its_parents_lines(tmp_path: Path) -> None:
    """They would be written twice by the ledger."""
    with (tmp_path / "log").open("wb") as file:
        output = LineOutput(file.fileno())
        output.write(LINE % 1)
        output.lost += 1
        child = os.fork()
        if child == 0:
            os._exit(len(output.take_counts()))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert len(output.take_counts()) == 3


def test_counts_that_nothing_takes_are_bounded(tmp_path: Path) -> None:
    """A command that is no service has no recorder."""
    with (tmp_path / "log").open("wb") as file:
        output = LineOutput(file.fileno())
        for number in range(1_500):
            output.write(b'{"timestamp":"%018d0.0Z"}\n' % number)
        assert len(output.take_counts()) == 1_000
