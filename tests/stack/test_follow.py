"""A person sees the logs of all parts as they grow, and a tenant's bytes drive no terminal."""

import io
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from rich.console import Console

from securenet_obs.processes.guard import Guard
from securenet_obs.stack.follow import follow, format_log_line
from securenet_obs.stack.part import Part

MakeParts = Callable[..., Mapping[str, Part]]

LINE = (
    '{"event":"task_done","timestamp":"2026-11-23T04:36:33.826635Z","level":"warning",'
    '"logger":"x","service":"securenet-worker","tenant_id":"acme","records":3}'
)

FOLLOWER = """
import os, sys
from pathlib import Path
from securenet_obs.stack.follow import follow
from securenet_obs.processes.guard import Guard
from securenet_obs.stack.part import Part

folder = Path(sys.argv[1])
with Guard() as guard:
    def part(name, script):
        made = Part(name, ["/bin/sh", "-c", script], folder=folder, log=folder / f"{name}.log",
                    environment={}, ready=lambda since: True, address="", guard=guard)
        made.launch()
        return made
    parts = {"api": part("api", sys.argv[2]), "worker": part("worker", "sleep 1; echo late")}
    follow(parts)
    for each in parts.values():
        each.stop()
print("in good order", flush=True)
"""


@pytest.fixture
def make_parts(tmp_path: Path) -> Iterator[MakeParts]:
    """Yield a maker of parts that run a shell script each to its end."""
    with Guard() as guard:

        def part(name: str, script: str) -> Part:
            made = Part(
                name,
                ["/bin/sh", "-c", script],
                folder=tmp_path,
                log=tmp_path / f"{name}.log",
                environment={},
                ready=lambda _since: True,
                address="nowhere",
                guard=guard,
            )
            made.launch()
            while made.is_running():
                time.sleep(0.01)
            return made

        yield lambda **scripts: {name: part(name, script) for name, script in scripts.items()}


def test_a_json_line_is_laid_out_for_a_person() -> None:
    """On a terminal a record is its time, level, event and what else it has."""
    assert format_log_line(LINE).plain == "04:36:33.826 warning  task_done tenant_id=acme records=3"


def test_other_lines_are_shown_as_they_are() -> None:
    """A line that is no record, also one that is JSON but no object, is not changed."""
    for line in ("Booting worker", "[1, 2]", "NaN", '{"cut":'):
        assert format_log_line(line).plain == line


def test_a_traceback_is_shown_on_its_own_lines() -> None:
    """An exception in a record is readable."""
    line = '{"event":"failed","level":"error","exception":"Traceback\\n  File x\\nValueError"}'
    assert format_log_line(line).plain.endswith("failed\nTraceback\n  File x\nValueError")


def test_a_log_line_cannot_drive_the_terminal() -> None:
    """Control characters that a tenant wrote into a log line reach no terminal."""
    hostile = '{"event":"\\u001b]0;owned\\u0007","\\u001b[2J":"\\u009b31m","level":"\\u001b"}'
    for line in (hostile, "\x1b[2Jplain"):
        assert not {"\x1b", "\x07", "\x9b"} & set(format_log_line(line).plain)
    assert "[bold]" in format_log_line("[bold]not markup[/bold]").plain


def test_only_a_terminal_gets_colours_and_a_layout(make_parts: MakeParts) -> None:
    """A terminal shows laid out records behind coloured names; a pipe gets the lines themselves."""
    parts = make_parts(worker=f"echo '{LINE}'")
    shown = {}
    for is_terminal in (True, False):
        out = io.StringIO()
        follow(
            parts,
            Console(
                file=out,
                force_terminal=is_terminal,
                color_system="truecolor" if is_terminal else None,
            ),
        )
        shown[is_terminal] = out.getvalue()
    assert "\x1b[32mworker" in shown[True]
    assert "tenant_id=" in shown[True]
    assert shown[False] == f"worker  │ {LINE}\nworker  │ ended (0)\n"


def test_all_parts_are_followed_to_their_end(tmp_path: Path) -> None:
    """Whole lines of every part are shown as they come, and the end of each."""
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            FOLLOWER,
            str(tmp_path),
            "printf o; sleep 0.6; echo ne; printf cut; exit 3",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    lines = run.stdout.splitlines()
    assert "api     │ one" in lines
    assert lines.index("api     │ cut") + 1 == lines.index("api     │ ended (3)")
    assert lines[-3:] == ["worker  │ late", "worker  │ ended (0)", "in good order"]


def test_a_signal_ends_it_in_good_order(tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM end the following, not the program."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with subprocess.Popen(
            [sys.executable, "-c", FOLLOWER, str(tmp_path), "echo up; exec sleep 60"],
            stdout=subprocess.PIPE,
            text=True,
        ) as follower:
            assert follower.stdout is not None
            assert follower.stdout.readline() == "api     │ up\n"
            follower.send_signal(number)
            assert follower.stdout.read().endswith("in good order\n")
            assert follower.wait(30) == 0
