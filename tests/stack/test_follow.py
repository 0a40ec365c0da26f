"""Logs of all parts are followed; bytes of tenants cannot control the terminal."""

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

RESTART = "Restart it with `securenet-obs restart"
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
    """Yield a factory of parts that each run a shell script to its end."""
    with Guard() as guard:

        def part(name: str, script: str) -> Part:
            part = Part(
                name,
                ["/bin/sh", "-c", script],
                folder=tmp_path,
                log=tmp_path / f"{name}.log",
                environment={},
                ready=lambda _since: True,
                address="nowhere",
                guard=guard,
            )
            part.launch()
            while part.is_running():
                time.sleep(0.01)
            return part

        yield lambda **scripts: {name: part(name, script) for name, script in scripts.items()}


def test_json_line_is_formatted() -> None:
    """On a terminal a record has its time, level, event and other fields."""
    assert format_log_line(LINE).plain == "04:36:33.826 warning  task_done tenant_id=acme records=3"


def test_other_lines_are_unchanged() -> None:
    """Lines that are not JSON objects are printed unchanged."""
    for line in ("Booting worker", "[1, 2]", "NaN", '{"cut":'):
        assert format_log_line(line).plain == line


def test_traceback_is_printed_on_separate_lines() -> None:
    """The exception of a record is readable."""
    line = '{"event":"failed","level":"error","exception":"Traceback\\n  File x\\nValueError"}'
    assert format_log_line(line).plain.endswith("failed\nTraceback\n  File x\nValueError")


def test_control_characters_are_replaced() -> None:
    """Control characters in a log line do not reach the terminal."""
    hostile = '{"event":"\\u001b]0;owned\\u0007","\\u001b[2J":"\\u009b31m","level":"\\u001b"}'
    for line in (hostile, "\x1b[2Jplain"):
        assert not {"\x1b", "\x07", "\x9b"} & set(format_log_line(line).plain)
    assert "[bold]" in format_log_line("[bold]not markup[/bold]").plain


def test_only_terminals_get_colours_and_formatting(make_parts: MakeParts) -> None:
    """A terminal has formatted records and coloured names; a pipe has unchanged lines."""
    parts = make_parts(worker=f"echo '{LINE}'")
    outputs = {}
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
        outputs[is_terminal] = out.getvalue()
    assert "\x1b[32mworker" in outputs[True]
    assert "tenant_id=" in outputs[True]
    assert outputs[False] == f"worker │ {LINE}\nworker │ ended (0). {RESTART} worker`.\n"


def test_all_parts_are_followed_to_their_end(tmp_path: Path) -> None:
    """Complete lines of every part, and the end of each part, are printed."""
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
        timeout=240,
    )
    lines = run.stdout.splitlines()
    assert "api    │ one" in lines
    assert lines.index("api    │ cut") + 1 == lines.index(f"api    │ ended (3). {RESTART} api`.")
    # A busy machine may let the part that sleeps for longer end first.
    ended = f"worker │ ended (0). {RESTART} worker`."
    assert lines.index("worker │ late") + 1 == lines.index(ended)
    assert lines[-1] == "in good order"


def test_signal_ends_the_following(tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM end the following, not the program."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with subprocess.Popen(
            [sys.executable, "-c", FOLLOWER, str(tmp_path), "echo up; exec sleep 60"],
            stdout=subprocess.PIPE,
            text=True,
        ) as follower:
            assert follower.stdout is not None
            # A busy machine may print a line of the other part first.
            assert "api    │ up\n" in iter(follower.stdout.readline, "")
            follower.send_signal(number)
            assert follower.stdout.read().endswith("in good order\n")
            assert follower.wait(30) == 0
