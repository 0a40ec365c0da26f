"""Lines of several processes in one pipe, socket or terminal."""

import contextlib
import fcntl
import os
import pty
import random
import signal
import socket
import time
import tty
from collections.abc import Callable

import pytest

from securenet_obs.monitoring.logs.output.line_output import LineOutput
from tests.busy import room_for


def pair(kind: str) -> tuple[int, int]:
    """Return the reading and the writing end of a pipe, socket or terminal."""
    if kind == "socket":
        ours, theirs = socket.socketpair()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        return ours.detach(), theirs.detach()
    if kind == "terminal":
        reading, writing = pty.openpty()
        tty.setraw(writing)
        return reading, writing
    reading, writing = os.pipe()
    if kind == "small pipe" and hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    return reading, writing


def read_all(reading: int) -> bytes:
    """Return everything until the last writer closes its end."""
    found = b""
    with contextlib.suppress(OSError):  # a terminal without writers
        while piece := os.read(reading, 1 << 16):
            found += piece
    return found


@pytest.mark.parametrize("kind", ["pipe", "small pipe", "socket", "terminal"])
def test_processes_do_not_tear_each_others_lines(kind: str, children: Callable[..., int]) -> None:
    """Long and short lines of four processes arrive whole, and all of them."""
    reading, writing = pair(kind)

    def log(number: int) -> None:
        os.close(reading)
        output = LineOutput(writing, timeout_s=60)
        chosen = random.Random(number)
        for _ in range(100):
            output.write(bytes([97 + number]) * chosen.choice((80, 4_000, 9_000, 30_000)) + b"\n")

    for number in range(4):
        children(lambda number=number: log(number))
    os.close(writing)
    lines = read_all(reading).splitlines()
    assert len(lines) == 400
    assert all(len(set(line)) == 1 for line in lines)
    assert {len(line) for line in lines} == {80, 4_000, 9_000, 30_000}


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_killed_process_leaves_no_lock(kind: str, children: Callable[..., int]) -> None:
    """A process that is killed while it holds the lock does not keep the others from writing."""
    reading, writing = pair(kind)

    def hold() -> None:
        fcntl.lockf(writing, fcntl.LOCK_EX)
        os.write(writing, b"held\n")
        time.sleep(60)

    pid = children(hold)
    assert os.read(reading, 5) == b"held\n"
    output = LineOutput(writing, timeout_s=30)
    os.kill(pid, signal.SIGKILL)
    output.write(b"line\n")
    assert output.lost == 0
    assert os.read(reading, 99) == b"line\n"


def test_a_stopped_process_costs_others_one_timeout(children: Callable[..., int]) -> None:
    """While a stopped process holds the lock, lines are lost and counted, and none blocks."""
    reading, writing = pair("pipe")

    def hold() -> None:
        fcntl.lockf(writing, fcntl.LOCK_EX)
        os.write(writing, b"held\n")
        os.kill(os.getpid(), signal.SIGSTOP)

    pid = children(hold)
    assert os.read(reading, 5) == b"held\n"
    output = LineOutput(writing, timeout_s=0.2)
    output.format_lost = b"lost %d\n".__mod__
    began = time.monotonic()
    for _ in range(100):
        output.write(b"line\n")
    assert time.monotonic() - began < room_for(1)
    assert output.lost == 100
    os.waitpid(pid, os.WUNTRACED)  # It may write before it stops: it would stop for ever.
    os.kill(pid, signal.SIGCONT)
    os.waitpid(pid, 0)
    output.write(b"again\n")
    assert os.read(reading, 99) == b"lost 100\nagain\n"


def test_a_killed_writer_leaves_no_half_line(children: Callable[..., int]) -> None:
    """Processes that are killed at any time, with a slow reader, leave only whole lines."""
    reading, writing = pair("pipe")

    def log(number: int) -> None:
        output = LineOutput(writing, timeout_s=60)
        while True:
            output.write(bytes([97 + number]) * 20_000 + b"\n")

    found = b""
    for number in range(8):
        pid = children(lambda number=number: log(number))
        for _ in range(30):
            found += os.read(reading, 3_000)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    os.close(writing)
    lines = (found + read_all(reading)).splitlines()
    assert {len(line) for line in lines} == {20_000}
    assert len({line[:1] for line in lines}) == 8


@pytest.mark.parametrize("kind", ["pipe", "socket", "terminal"])
def test_no_reader_blocks_a_line_longer_than_its_timeout(kind: str) -> None:
    """A reader that never reads costs a second at most, whatever is behind the descriptor."""
    _, writing = pair(kind)
    output = LineOutput(writing, timeout_s=0.2)
    began = time.monotonic()
    for size in (9_000, 100, 30_000, 4_096) * 40:
        output.write(b"x" * size + b"\n")
    assert time.monotonic() - began < room_for(3)
    assert output.lost > 0
