"""Consoles: results on standard output, messages on standard error, without highlighting."""

import subprocess
import sys

PRINT = """
from securenet_obs.cli.consoles import STDERR, STDOUT, print_line
STDOUT.print("result: 5 of 'n' at 127.0.0.1")
STDERR.print("message: 5 of 'n' at 127.0.0.1")
STDOUT.print("styled", style="red")
print_line(STDERR, "\\x1b[31mforeign\\x1b]0;x\\x07 [bold]text")
"""


def test_each_console_has_its_stream_and_highlights_nothing() -> None:
    """Numbers and addresses keep the style of their text, also on a terminal with colours."""
    done = subprocess.run(
        [sys.executable, "-c", PRINT],
        env={"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["result: 5 of 'n' at 127.0.0.1", "\x1b[31mstyled\x1b[0m"]
    assert done.stderr == "message: 5 of 'n' at 127.0.0.1\nforeign [bold]text\n"
