"""Where lines go."""

import os
import threading

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
