"""Commands of the local stack: it is found until it is down, and its variables are quoted."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from securenet_obs.cli.commands.stack import _quote
from securenet_obs.env_file import read_env_file
from securenet_obs.runner.target import target_from_file
from securenet_obs.stack import find_running_stack

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def stack_name() -> Iterator[str]:
    """Yield a name for a stack in this project; its files are deleted after the test."""
    name = f"cli-{os.getpid()}"
    yield name
    shutil.rmtree(PROJECT / ".securenet" / "stacks" / name, ignore_errors=True)


@pytest.mark.stack
def test_up_status_env_and_down(call: Callable[..., Any], stack_name: str, tmp_path: Path) -> None:
    """`up` prints the dashboard's address; `status` and `env` find the stack until `down`.

    The output of `env`, saved as a file, is a valid target.
    """
    on = ["--name", stack_name]
    assert call("env", *on, cwd=PROJECT).returncode == 3
    command = [sys.executable, "-m", "securenet_obs", "up", *on]
    up = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        assert up.stdout is not None
        assert any("login" in line and "http://127.0.0.1" in line for line in up.stdout)
        status = call("status", *on, "--json", cwd=PROJECT)
        assert status.returncode == 0, status.stdout
        assert {row["part"] for row in json.loads(status.stdout)} == {
            "redis", "bugsink", "relay", "api", "worker", "beat",
        }  # fmt: skip
        variables = call("env", *on, cwd=PROJECT).stdout
        assert re.search(r"^export SENTRY_BACKEND='bugsink'$", variables, re.MULTILINE)
        (tmp_path / "up.env").write_text(variables)
        stack = find_running_stack(stack_name, PROJECT / ".securenet")
        assert stack is not None
        assert (
            stack.environment.items() <= target_from_file(tmp_path / "up.env").environment.items()
        )
        shell = f'{variables}\nprintf %s "$API_URL"'
        api_url = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
        assert httpx.get(f"{api_url.stdout}/health/live").json() == {"status": "ok"}
        assert "is down" in call("down", *on, cwd=PROJECT).stdout
    finally:
        up.terminate()
        up.communicate(timeout=60)
    assert call("status", *on, cwd=PROJECT).returncode == 1


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="$`\0\r", codec="utf-8")))
@example("it's # 'so' \\")
def test_env_quotes_for_a_shell_and_for_an_env_file(value: str) -> None:
    """A shell and an env file read the same value, whatever characters a folder's name has."""
    _is_read_alike(value)


@given(st.text('$`{}AB "#', max_size=8))
@example("${HOME}")
def test_env_quotes_shell_expansions(value: str) -> None:
    """A dollar sign is not expanded."""
    _is_read_alike(value)


def _is_read_alike(value: str) -> None:
    line = f"export A={_quote(value)}"
    with TemporaryDirectory() as folder:
        file = Path(folder) / "t.env"
        file.write_text(line, newline="")
        assert read_env_file(file).values == {"A": value}
    assert shlex.split(line, posix=True)[1] == f"A={value}"


@pytest.mark.parametrize("wait", [[], ["--wait", "0.1"]])
def test_the_remedy_for_a_named_stack_names_it(call: Callable[..., Any], wait: list[str]) -> None:
    """The suggested command starts the requested stack, not the default one."""
    answer = call("env", "--name", "second", *wait)
    assert answer.returncode == 3
    assert re.search(r"start it with `securenet-obs up( --detach)? --name second`", answer.stderr)
    assert "--name" not in call("env", *wait).stderr
