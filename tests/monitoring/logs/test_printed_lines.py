"""Streams that replace stdout and stderr."""

import threading

from structlog.testing import capture_logs

from securenet_obs.monitoring.logs.printed_lines import PrintedLines


def test_a_printed_line_is_logged_when_it_is_complete() -> None:
    """Pieces are joined, blank lines are left out, and threads do not share pieces."""
    stream = PrintedLines("stdout", "info")
    with capture_logs() as logged:
        stream.write("one ")
        threading.Thread(target=stream.write, args=("other\n",)).start()
        stream.write("line\n\n  \nrest")
    assert [line["event"] for line in logged] == ["other", "one line"]
