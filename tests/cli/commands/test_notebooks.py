"""Notebook runs on the command line: choice of kernel, timings and verification of evidence."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.runner.kernel.forked import SOCKET
from securenet_obs.runner.kernel.warm import available

CELL = (
    "import sys\nfrom securenet_obs.checks import Checks\nchecks = Checks()\n"
    "checks.expect('kernel', expected=True, observed={!r} in sys.argv[0])\nchecks.conclude()"
)
FORKED, STARTED = "securenet_obs.runner.kernel.main", "kernel/main.py"


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.skipif(not available(), reason="warm servers are for Linux")
@pytest.mark.parametrize(
    ("arguments", "kernel"),
    [
        (["01_a_claim"], STARTED),
        (["01_a_claim", "01_a_claim"], FORKED),
        (["01_a_claim", "01_a_claim", "--cold"], STARTED),
    ],
)
def test_a_server_is_started_where_it_pays(
    arguments: list[str], kernel: str, write: Callable[..., Path], tmp_path: Path
) -> None:
    """A single run uses a cold kernel, which is ready before a warm server would be."""
    write(CELL.format(kernel))
    environment = {name: value for name, value in os.environ.items() if name != SOCKET}
    command = [sys.executable, "-m", "securenet_obs", "validate", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_last_line_states_the_durations(
    call: Callable[..., Any], write: Callable[..., Path], server: str
) -> None:
    """The text output ends with one line of timings; JSON has the seconds of parts and phases."""
    write("import time; time.sleep(0.3)\n" + CELL.format(""))
    sentence = call("validate", server=server).stdout.splitlines()[-1]
    assert sentence.startswith("time: notebooks ")
    assert "(kernel start " in sentence
    answer = json.loads(call("validate", "--json", server=server).stdout)
    assert answer["timings"]["notebooks"] > answer["runs"][0]["phases"]["cells"] > 0.3


@pytest.mark.slow
def test_the_newest_evidence_and_its_junit_report_have_fixed_paths(
    call: Callable[..., Any], write: Callable[..., Path], server: str, tmp_path: Path
) -> None:
    """CI collects them from there; an older report goes first, whatever the command comes to."""
    write(CELL.format(""))
    copy, latest = tmp_path / "out" / "junit.xml", tmp_path / "evidence" / "latest"
    done = call("validate", "--junit", copy, server=server)
    assert done.returncode == 0, done.stdout + done.stderr
    assert copy.read_bytes() == (latest / "junit.xml").read_bytes()
    assert "01_a_claim" in (latest / "index.html").read_text()
    first = latest.resolve()
    write("raise ValueError(1)")
    assert call("run", "01", "--junit", copy, server=server).returncode == 3
    assert latest.resolve() != first
    assert 'errors="1"' in copy.read_text()
    assert call("validate", "no-such-notebook", "--junit", copy).returncode == 2
    assert not copy.exists()
    assert call("verify", latest).returncode == 0


def test_a_junit_path_that_cannot_be_written_is_refused_before_the_run(
    call: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    """The command exits with 3, and nothing was run."""
    write(CELL.format(""))
    (tmp_path / "file").touch()
    done = call("validate", "--junit", tmp_path / "file" / "junit.xml")
    assert (done.returncode, "with --junit" in done.stderr) == (3, True)
    assert not (tmp_path / "evidence").exists()


@pytest.mark.slow
def test_verify_names_changed_files(
    call: Callable[..., Any], write: Callable[..., Path], server: str, tmp_path: Path
) -> None:
    """An unchanged folder prints `unchanged` and exits 0; a changed file is named, with exit 1."""
    write(CELL.format(""))
    folder = f"evidence/{json.loads(call('validate', '--json', server=server).stdout)['id']}"
    answer = call("verify", folder)
    assert (answer.returncode, answer.stdout) == (0, "unchanged\n")
    (tmp_path / folder / "junit.xml").write_text("")
    answer = call("verify", folder)
    assert (answer.returncode, answer.stdout) == (1, "junit.xml: changed\n1 changed\n")
