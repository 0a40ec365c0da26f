"""The command line: exit codes, help, and the stack and JupyterLab that it starts and ends."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import httpx
import nbformat
import psutil
import pytest
from nbformat import v4

from securenet_obs.cli import cli
from securenet_obs.runner.forked import SOCKET, warm_server

PROJECT = Path(__file__).parents[1]


def call(*arguments: object, cwd: Path, server: str = "") -> "subprocess.CompletedProcess[str]":
    """Call the command to its end; a warm server that runs already saves it the start of one."""
    command = [sys.executable, "-m", "securenet_obs", *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | {SOCKET: server},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Yield the socket of a warm server, or an empty string where there is none."""
    with warm_server() as starting:
        yield starting()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a validation of the given cells."""

    def write_notebook(*cells: str, **declared: object) -> Path:
        document = v4.new_notebook(metadata={"securenet": {"kind": "validation", **declared}})
        document.cells = [v4.new_code_cell(cell) for cell in cells]
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        path = tmp_path / "notebooks" / "01_a_claim.ipynb"
        nbformat.write(document, path)
        return path

    return write_notebook


CHECKED = (
    "from securenet_obs.checks import Checks\nchecks = Checks()\n"
    "checks.expect('it holds', expected=1, observed={})\nchecks.conclude()"
)


@pytest.mark.parametrize(
    ("code", "cell", "options"),
    [
        (0, CHECKED.format(1), []),
        (1, CHECKED.format(2), []),
        (3, "1 / 0", []),
        (4, "import time; time.sleep(60)", ["--cell-deadline", "1"]),
        (5, "import os; os._exit(0)", []),
        (6, "from securenet_obs.errors import UnreachableError as U\nraise U('gone')", []),
    ],
)
def test_the_exit_code_is_the_verdict(
    code: int,
    cell: str,
    options: list[str],
    write: Callable[..., Path],
    server: str,
    tmp_path: Path,
) -> None:
    """`validate` answers with the exit code that DESIGN promises for its verdict."""
    write(cell)
    answer = call("validate", "--json", *options, cwd=tmp_path, server=server)
    assert answer.returncode == code, answer.stderr
    assert json.loads(answer.stdout)["exit_code"] == code


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate", "nobody"],
        ["validate", "--jobs", "0"],
        ["run"],
        ["run", "nowhere.ipynb"],
        ["run", "01", "-p", "n=1"],
        ["run", "01", "--target", "no.env"],
        ["nonsense"],
    ],
)
def test_bad_usage_and_bad_parameters_exit_2(
    arguments: list[str], write: Callable[..., Path], tmp_path: Path
) -> None:
    """What cannot be run as it was asked for is refused with a sentence, and nothing is run."""
    write("1")
    answer = call(*arguments, cwd=tmp_path)
    assert answer.returncode == 2
    assert answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "evidence").exists()


def _commands(group: click.Group) -> Iterator[click.Command]:
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from _commands(command)
        else:
            yield command


@pytest.mark.parametrize("command", list(_commands(cli)), ids=lambda command: str(command.name))
def test_the_help_of_each_command_has_an_example(command: click.Command) -> None:
    """Every command shows how it is called."""
    assert re.search(r"Example: .*securenet-obs", str(command.help))


def test_a_target_file_is_the_environment_of_the_notebook(
    write: Callable[..., Path], server: str, tmp_path: Path
) -> None:
    """`--target` needs no stack; its variables are what the notebook sees, its secrets stay out."""
    (tmp_path / "t.env").write_text(
        "ENVIRONMENT=staging\nLOG_SOURCE=logs/app.log\nSENTRY_AUTH_TOKEN=tok-123456789\n"
    )
    write(
        "from securenet_obs.settings import get_settings\nsettings = get_settings()\n"
        "from securenet_obs.checks import Checks\nchecks = Checks()\n"
        "checks.expect('env', expected='staging', observed=settings.environment)\n"
        f"checks.expect('logs', expected={str(tmp_path / 'logs/app.log')!r},"
        " observed=settings.log_source)\nprint(settings.sentry_auth_token.get_secret_value())",
        needs=["sentry"],
    )
    answer = call("validate", "--target", "t.env", "--json", cwd=tmp_path, server=server)
    assert answer.returncode == 0, answer.stdout
    assert json.loads(answer.stdout)["target"]["ENVIRONMENT"] == "staging"
    for file in (tmp_path / "evidence").rglob("*.*"):
        assert not file.is_file() or b"tok-123456789" not in file.read_bytes()


def test_logs_check_counts_and_names_what_is_no_json(tmp_path: Path) -> None:
    """Totals, rejected lines with numbers and reasons, and exit 1 if there is one."""
    good = tmp_path / "good.log"
    good.write_text('{"event": "a"}\n{"event": "b"}\n')
    (tmp_path / "bad.log").write_text('{"event": "a"}\nTraceback (most recent call last):\n')
    answer = call("logs", "check", good, "--json", cwd=tmp_path)
    assert answer.returncode == 0
    assert json.loads(answer.stdout)["valid"] == 2
    answer = call("logs", "check", good, "bad.log", "--json", cwd=tmp_path)
    assert answer.returncode == 1
    report = json.loads(answer.stdout)
    assert (report["total"], report["valid"]) == (4, 3)
    assert [row["line"] for row in report["rejected"]] == [2]
    assert call("logs", "check", "nowhere.log", cwd=tmp_path).returncode == 3


def test_jupyterlab_is_on_loopback_behind_a_token(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    """`lab` shows the project to whoever has the token, and is gone after SIGTERM."""
    write("1")
    (tmp_path / "t.env").write_text("ENVIRONMENT=staging\n")
    command = [*(sys.executable, "-m", "securenet_obs"), "lab", "--no-browser"]
    process = subprocess.Popen(
        [*command, "--target", "t.env"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"(http://127\.0\.0\.1:\d+)/lab\?token=(\S+)", line)
        assert found, line
        url, token = found.groups()
        listing = _get(f"{url}/api/contents", token)
        assert "notebooks" in [row["name"] for row in listing.json()["content"]]
        assert httpx.get(f"{url}/api/contents").status_code == 403
        below = psutil.Process(process.pid).children(recursive=True)
        assert not any(token in " ".join(row.cmdline()) for row in below)
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert not any(row.is_running() for row in below)


def _get(url: str, token: str) -> httpx.Response:
    until = time.monotonic() + 40
    while True:
        try:
            return httpx.get(url, headers={"Authorization": f"token {token}"})
        except httpx.TransportError:
            assert time.monotonic() < until, "JupyterLab does not answer"
            time.sleep(0.2)


@pytest.fixture
def stack_name() -> Iterator[str]:
    """Yield a name for a stack in this project, whose files go with the test."""
    name = f"cli-{os.getpid()}"
    yield name
    shutil.rmtree(PROJECT / ".securenet" / "stacks" / name, ignore_errors=True)


def test_up_status_env_and_down(stack_name: str) -> None:
    """`up` says where the dashboard is; `status` and `env` know the stack until `down`."""
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
            "redis", "bugsink", "api", "worker", "beat",
        }  # fmt: skip
        variables = call("env", *on, cwd=PROJECT).stdout
        assert re.search(r"^export SENTRY_BACKEND='bugsink'$", variables, re.MULTILINE)
        shell = f'{variables}\nprintf %s "$API_URL"'
        api_url = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
        assert httpx.get(f"{api_url.stdout}/health/live").json() == {"status": "ok"}
        assert "is down" in call("down", *on, cwd=PROJECT).stdout
    finally:
        up.terminate()
        up.communicate(timeout=60)
    assert call("status", *on, cwd=PROJECT).returncode == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stack_that_validate_started_is_gone_when_it_is_interrupted(
    number: signal.Signals, write: Callable[..., Path], tmp_path: Path
) -> None:
    """Ctrl-C and SIGTERM in the middle of a run: exit 130, evidence closed, no part left."""
    write("import time; time.sleep(90)", needs=["api"], cell_deadline_s=100)
    command = [sys.executable, "-m", "securenet_obs", "validate", "--root", tmp_path]
    process = subprocess.Popen(
        [*command, "--evidence", tmp_path / "evidence"], cwd=PROJECT, stdout=subprocess.PIPE
    )
    until = time.monotonic() + 90
    while not list(tmp_path.glob("evidence/*/*.ipynb")):
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.1)
    time.sleep(1)
    below = psutil.Process(process.pid).children(recursive=True)
    assert len(below) > 5
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 130
    _, left = psutil.wait_procs(below, timeout=5)
    assert left == []
    (manifest,) = tmp_path.glob("evidence/*/run.json")
    assert json.loads(manifest.read_text())["verdict"] == "interrupted"


def test_exec_runs_a_command_in_the_targets_environment(tmp_path: Path) -> None:
    """Its exit code is the command's, options after `--` are the command's own."""
    target = tmp_path / "staging.env"
    target.write_text("API_URL=http://api.staging.example\n")
    code = "import os, sys; print(os.environ['API_URL'], sys.argv[1]); sys.exit(7)"
    answer = call("exec", "--target", target, "--", "python", "-c", code, "--json", cwd=tmp_path)
    assert (answer.returncode, answer.stdout) == (7, "http://api.staging.example --json\n")


def test_exec_starts_no_stack_for_a_program_that_is_not_there(tmp_path: Path) -> None:
    """A typing error is told at once."""
    answer = call("exec", "no-such-program", cwd=tmp_path)
    assert answer.returncode == 2
    assert "no-such-program: there is no such program" in answer.stderr
    assert not (tmp_path / ".securenet").exists()
