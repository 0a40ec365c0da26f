"""Targets: an env file, a stack that a command starts and ends, JupyterLab and any program."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from securenet_obs.processes.polling import poll_until
from tests.waiting import eventually

PROJECT = Path(__file__).parents[3]


def test_a_target_file_is_the_environment_of_the_notebook(
    call: Callable[..., Any], write: Callable[..., Path], server: str, tmp_path: Path
) -> None:
    """`--target` needs no stack; the notebook sees its variables, and evidence has no secrets."""
    (tmp_path / "t.env").write_text(
        "ENVIRONMENT=staging\nLOG_SOURCE=logs/app.log\nSENTRY_AUTH_TOKEN=tok-123456789\n"
    )
    write(
        "from securenet_obs.settings import get_settings\nsettings = get_settings()\n"
        "from securenet_obs.checks import Checks\nchecks = Checks()\n"
        "checks.expect('env', expected='staging', observed=settings.environment)\n"
        f"checks.expect('logs', expected={str(tmp_path / 'logs/app.log')!r},"
        " observed=settings.log_source)\nprint(settings.sentry_auth_token.get_secret_value())",
        needs=["logs"],
    )
    answer = call("validate", "--target", "t.env", "--json", server=server)
    assert answer.returncode == 0, answer.stdout
    assert json.loads(answer.stdout)["target"]["ENVIRONMENT"] == "staging"
    for file in (tmp_path / "evidence").rglob("*.*"):
        assert not file.is_file() or b"tok-123456789" not in file.read_bytes()


@pytest.mark.slow
@pytest.mark.stack
def test_jupyterlab_is_on_loopback_behind_a_token(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    """`lab` serves the project on loopback to clients with the token, and ends after SIGTERM."""
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
        all_processes = psutil.process_iter(["cmdline"])
        assert not any(token in str(row.info["cmdline"]) for row in all_processes)
    finally:
        process.terminate()
        process.communicate(timeout=240)
    assert process.returncode == 130
    assert psutil.wait_procs(below, timeout=120)[1] == []


def _get(url: str, token: str) -> httpx.Response:
    def answer() -> httpx.Response | None:
        try:
            return httpx.get(url, headers={"Authorization": f"token {token}"})
        except httpx.TransportError:
            return None

    found = poll_until(answer, lambda got: got is not None, deadline_s=60)
    assert found is not None, "JupyterLab does not answer"
    return found


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stack_that_validate_started_is_gone_when_it_is_interrupted(
    number: signal.Signals, write: Callable[..., Path], tmp_path: Path
) -> None:
    """Ctrl-C and SIGTERM during a run exit 130, close the evidence and end all parts.

    `--local` starts a stack even in CI and with a described target.
    """
    write("import time; time.sleep(90)", needs=["api"], cell_deadline_s=100)
    command = [sys.executable, "-m", "securenet_obs", "validate", "--local", "--root", tmp_path]
    environment = os.environ | {"CI": "true", "SENTRY_DSN": "https://key@nowhere.example/1"}
    process = subprocess.Popen(
        [*command, "--evidence", tmp_path / "evidence"],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
    )
    assert eventually(lambda: any(tmp_path.glob("evidence/*/*.ipynb")) or process.poll(), 90)
    assert process.poll() is None
    time.sleep(1)
    below = psutil.Process(process.pid).children(recursive=True)
    assert len(below) > 5
    process.send_signal(number)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 130
    assert re.search(rb"that are ignored: .*SENTRY_DSN", output)
    _, survivors = psutil.wait_procs(below, timeout=120)
    assert survivors == []
    (manifest,) = tmp_path.glob("evidence/2*/run.json")
    assert json.loads(manifest.read_text())["verdict"] == "interrupted"


def test_exec_runs_a_command_in_the_targets_environment(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    """The exit code is the program's, and options after `--` are passed to it."""
    target = tmp_path / "staging.env"
    target.write_text("API_URL=http://api.staging.example\n")
    code = "import os, sys; print(os.environ['API_URL'], sys.argv[1]); sys.exit(7)"
    answer = call("exec", "--target", target, "--", "python", "-c", code, "--json")
    assert (answer.returncode, answer.stdout) == (7, "http://api.staging.example --json\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "service", "release"),
    [
        ({}, "billing", "billing@unknown"),
        ({"SERVICE_NAME": "b2", "SENTRY_RELEASE": "b2@1"}, "b2", "b2@1"),
    ],
)
def test_a_service_in_a_targets_environment_keeps_its_name_and_release(
    call: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    own: dict[str, str],
    service: str,
    release: str,
) -> None:
    """The name and release of the target are not those of every service that is started there."""
    for name in ("SERVICE_NAME", "SENTRY_RELEASE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    target = tmp_path / "staging.env"
    target.write_text(
        "API_URL=http://api.staging.example\nSERVICE_NAME=securenet-api\nSENTRY_RELEASE=s@9\n"
    )
    code = (
        "import structlog\nfrom securenet_obs.monitoring import start_monitoring\n"
        "from securenet_obs.settings import get_settings\n"
        "start_monitoring(get_settings(), 'billing')\n"
        "structlog.get_logger('ours').info('up', target=get_settings().target_release)\n"
    )
    answer = call("exec", "--target", target, "--", "python", "-c", code)
    line = json.loads(answer.stdout.splitlines()[-1])
    assert (line["service"], line["release"], line["target"]) == (service, release, "s@9")


def test_exec_starts_no_stack_for_a_program_that_is_not_there(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    """An unknown program is a usage error before a stack starts."""
    answer = call("exec", "no-such-program")
    assert answer.returncode == 2
    assert "no-such-program: there is no such program" in answer.stderr
    assert not (tmp_path / ".securenet").exists()
