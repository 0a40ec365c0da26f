"""Where lines go."""

import io
import os
import sys
import threading

import pytest
from structlog.testing import capture_logs

from securenet_obs.monitoring.output import LineOutput, PrintedLines


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
