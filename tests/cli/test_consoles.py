"""Consoles: results on standard output, messages on standard error, without highlighting."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.table import Table

import securenet_obs
from securenet_obs.cli.consoles import LineConsole

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


LONG = "x" * 50 + " " + "y" * 200


def test_no_line_of_text_is_broken() -> None:
    """Neither in a log nor on a terminal: one that breaks the line itself copies it whole."""
    code = f"from securenet_obs.cli.consoles import STDOUT; STDOUT.print({LONG!r})"
    for colour in ({}, {"FORCE_COLOR": "1"}):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"COLUMNS": "40", **colour},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"{LONG}\n"


def test_live_lines_and_tables_are_laid_out_by_rich() -> None:
    """A live line that a terminal breaks could not be redrawn."""
    console = LineConsole(width=40, force_terminal=True, color_system=None, file=io.StringIO())
    table = Table("name", "title", box=None)
    table.add_row("n", "word " * 20)
    console.print(table)
    assert max(map(len, console.file.getvalue().splitlines())) <= 40  # type: ignore[attr-defined]


def test_no_command_has_a_console_of_its_own() -> None:
    """One of rich breaks lines at 80 columns where no terminal is."""
    package = Path(securenet_obs.__file__).parent / "cli"
    made = {path.name for path in package.rglob("*.py") if "Console(" in path.read_text()}
    assert made == {"consoles.py", "drills.py"}
    assert "Console(quiet=True)" in (package / "commands" / "drills.py").read_text()


@pytest.mark.stack
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "JSON"])
def test_a_run_goes_on_when_the_reader_of_its_output_has_ended(
    write: Callable[..., Path], tmp_path: Path, options: list[str]
) -> None:
    """`securenet-obs run ... | head` has the run's own exit code, and its whole evidence."""
    write(
        "from securenet_obs.checks import Checks\nchecks = Checks()",
        'checks.expect("a", expected=1, observed=1)',
    )
    command = [sys.executable, "-m", "securenet_obs", "run", "01_a_claim", *options]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        done = subprocess.run(command, cwd=tmp_path, stdout=output, stderr=output, check=False)
    assert done.returncode == 0
    (record,) = (tmp_path / "evidence").glob("2*/run.json")
    assert json.loads(record.read_text())["verdict"] == "passed"
