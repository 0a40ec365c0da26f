"""Commands of the local stack: it is found until it is down, and its variables are quoted."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from securenet_obs.runner.target import target_from_file
from securenet_obs.stack import find_running_stack
from securenet_obs.stack.state import StackState
from tests.waiting import eventually

PROJECT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Up:
    """A stack that `up` runs in the foreground: its name as options, and what was printed."""

    on: tuple[str, str]
    output: Path

    def prints(self, text: str) -> bool:
        """Return whether a text is printed in time."""
        return bool(eventually(lambda: text in self.output.read_text(), 60))

    def state(self) -> StackState:
        """Return the state of the running stack."""
        state = find_running_stack(self.on[1], PROJECT / ".securenet")
        assert state is not None
        return state


@contextmanager
def printing(output: Path, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command of the project with its output in a file, until the end of the block."""
    command = [sys.executable, "-m", "securenet_obs", *arguments]
    with output.open("wb") as file:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Yield a running stack of this project; `down` ends it, and its files are deleted."""
    on = ("--name", f"cli-{os.getpid()}")
    up = Up(on, tmp_path_factory.mktemp("up") / "output")
    with printing(up.output, "up", *on) as process:
        # The first stack of a project installs Bugsink.
        eventually(lambda: "login" in up.output.read_text() or process.poll() is not None, 900)
        assert "login" in up.output.read_text(), up.output.read_text()
        yield up
        down = [sys.executable, "-m", "securenet_obs", "down", *on]
        assert b"is down" in subprocess.run(down, cwd=PROJECT, capture_output=True).stdout
        assert process.wait(60) == 0
    assert find_running_stack(on[1], PROJECT / ".securenet") is None
    shutil.rmtree(PROJECT / ".securenet" / "stacks" / on[1], ignore_errors=True)


def rows(answer: Any) -> dict[str, bool]:
    """Return the readiness of each part that `status --json` printed."""
    return {row["part"]: row["ready"] for row in json.loads(answer.stdout)}


@pytest.mark.stack
def test_status_and_env_of_a_running_stack(
    call: Callable[..., Any], up: Up, tmp_path: Path
) -> None:
    """`up` prints the dashboard's address; `status` shows each part.

    The output of `env`, saved as a file, is a valid target.
    """
    assert re.search(r"http://127\.0\.0\.1.*login", up.output.read_text())
    status = call("status", *up.on, "--json", cwd=PROJECT)
    assert status.returncode == 0, status.stdout
    assert rows(status) == dict.fromkeys(
        ("redis", "bugsink", "relay", "api", "worker", "beat", "oncall"), True
    )
    variables = call("env", *up.on, cwd=PROJECT).stdout
    assert re.search(r"^export SENTRY_BACKEND='bugsink'$", variables, re.MULTILINE)
    (tmp_path / "up.env").write_text(variables)
    target = target_from_file(tmp_path / "up.env")
    # An empty variable of a target is an unset one.
    given = {name: value for name, value in up.state().environment.items() if value}
    assert given.items() <= target.environment.items()
    shell = f'{variables}\nprintf %s "$API_URL"'
    api_url = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
    assert httpx.get(f"{api_url.stdout}/health/live").json() == {"status": "ok"}


@pytest.mark.slow
@pytest.mark.stack
def test_a_dead_part_is_shown_and_restarted(
    call: Callable[..., Any], up: Up, tmp_path: Path
) -> None:
    """`up`, `status` and `lab` name it and the command that restarts it, which does."""
    remedy = f"Restart it with `securenet-obs restart api {' '.join(up.on)}`."
    (tmp_path / "up.env").write_text(call("env", *up.on, cwd=PROJECT).stdout)
    notebooks = tmp_path / "lab"
    with printing(notebooks, "lab", "--no-browser", "--target", str(tmp_path / "up.env")):
        assert eventually(lambda: "JupyterLab: http" in notebooks.read_text(), 60)
        assert call("status", *up.on, cwd=PROJECT).stderr == ""
        os.kill(up.state().parts["api"].pid, signal.SIGKILL)
        shown = eventually(lambda: "api is not running" in notebooks.read_text(), 60)
        assert shown, notebooks.read_text()
        assert remedy in notebooks.read_text()
    assert up.prints(f"ended (-9). {remedy}"), up.output.read_text()
    dead = call("status", *up.on, cwd=PROJECT)
    assert dead.returncode == 1
    assert "api is not running" in dead.stderr
    assert remedy in dead.stderr
    assert rows(call("status", *up.on, "--json", cwd=PROJECT))["api"] is False
    restarted = call("restart", "api", *up.on, cwd=PROJECT)
    assert (restarted.returncode, restarted.stdout) == (0, "api is ready.\n")
    status = call("status", *up.on, cwd=PROJECT)
    assert (status.returncode, status.stderr) == (0, "")


@pytest.mark.parametrize("wait", [[], ["--wait", "0.1"]])
def test_the_remedy_for_a_named_stack_names_it(call: Callable[..., Any], wait: list[str]) -> None:
    """The suggested command starts the requested stack, not the default one."""
    answer = call("env", "--name", "second", *wait)
    assert answer.returncode == 3
    assert re.search(r"start it with `securenet-obs up( --detach)? --name second`", answer.stderr)
    assert "--name" not in call("env", *wait).stderr
