"""Unwritable folders and full disks: one sentence and exit code 3, without a traceback."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.runner.kernel.forked import SOCKET

UNSET = ("SENTRY_DSN", "REDIS_URL", "API_URL", "CI")


@pytest.fixture
def mounted(tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Return a function that runs the command below its own mount."""
    probe = subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True)
    if probe.returncode != 0:
        pytest.skip("no mount namespaces for this user")

    def call(mount: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        command = shlex.join([sys.executable, "-m", "securenet_obs", *map(str, arguments)])
        script = f"{mount} && cd {shlex.quote(str(tmp_path))} && exec {command}"
        variables = {name: value for name, value in os.environ.items() if name not in UNSET}
        return subprocess.run(
            ["unshare", "-m", "sh", "-c", script],
            cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return call


def read_only(path: Path) -> str:
    quoted = shlex.quote(str(path))
    return f"mount --bind {quoted} {quoted} && mount -o remount,bind,ro {quoted}"


def is_one_sentence(answer: "subprocess.CompletedProcess[str]") -> None:
    assert answer.returncode == 3, answer.stderr
    messages = [line for line in answer.stderr.splitlines() if not line.startswith("Bringing up")]
    assert len(messages) == 1, answer.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["up"], "run the command in a writable folder"),
        (["validate", "--local"], "--evidence"),
        (["validate", "--local", "--evidence", "/tmp"], "--target"),
        (["run", "notebooks/01_a_claim.ipynb"], "--evidence"),
        (["up", "--detach"], "run the command in a writable folder"),
        (["lab", "--local", "--no-browser"], "--target"),
        (["exec", "--local", "--", "true"], "--target"),
    ],
)
def test_a_read_only_project_is_a_sentence(
    arguments: list[str], word: str, mounted: Callable[..., Any], write: Callable[..., Path],
    tmp_path: Path,
) -> None:  # fmt: skip
    """The error has the unwritable path, the system's reason and the remedy."""
    write("1", needs=["api"] if arguments[0] == "validate" else [])
    answer = mounted(read_only(tmp_path), *arguments)
    is_one_sentence(answer)
    assert "Read-only file system" in answer.stderr
    assert word in answer.stderr
    offered = mounted("true", arguments[0], "--help").stdout
    assert set(re.findall(r"--\w+", answer.stderr)) <= set(re.findall(r"--\w+", offered))


def test_a_read_only_project_can_be_listed(
    mounted: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    """Commands without a stack succeed in a read-only project."""
    write("1")
    assert mounted(read_only(tmp_path), "list").returncode == 0
    assert mounted(read_only(tmp_path), "status").returncode == 1


@pytest.mark.stack
def test_a_read_only_project_can_be_run_from(
    mounted: Callable[..., Any], write: Callable[..., Path], tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    """A run with its evidence folder elsewhere succeeds."""
    write("1")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    run = ("run", "notebooks/01_a_claim.ipynb", "--plain", "--evidence", elsewhere)
    assert mounted(read_only(tmp_path), *run).returncode == 0
    assert list(elsewhere.glob("*/run.json"))


def test_a_full_disk_is_a_sentence(
    mounted: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    """A command does not start if the disk of its evidence is full."""
    write("1")
    (tmp_path / "small").mkdir()
    mount = f"mount -t tmpfs -o size=1m none {shlex.quote(str(tmp_path / 'small'))}"
    answer = mounted(mount, "run", "01_a_claim", "--evidence", "small")
    is_one_sentence(answer)
    assert "only 1 MB are free" in answer.stderr


@pytest.mark.parametrize("name", [".securenet", "evidence"])
def test_a_file_in_the_place_of_a_folder_is_a_sentence(
    name: str, call: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    """A file in place of the state folder, or of a folder above the evidence, is an error."""
    write("1")
    (tmp_path / name).touch()
    if name == ".securenet":
        is_one_sentence(call("up"))
    else:
        is_one_sentence(call("run", "01_a_claim", "--evidence", "evidence/below"))


def test_an_error_of_the_system_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error of the system is reported with its reason and file, and exits 3."""
    from securenet_obs import cli

    def fail(**_: object) -> None:
        raise OSError(28, "No space left on device", "/var/x")

    monkeypatch.setattr(cli.cli, "main", fail)
    with pytest.raises(SystemExit, match="3"):
        cli.main([])
    assert capsys.readouterr().err == "/var/x: No space left on device\n"


def test_a_missing_scratch_folder_is_passed_over(
    write: Callable[..., Path], tmp_path: Path, server: str
) -> None:
    """If TMPDIR does not exist, the system's own scratch folder is used."""
    write("1")
    command = [
        sys.executable,
        "-m",
        "securenet_obs",
        "run",
        "notebooks/01_a_claim.ipynb",
        "--plain",
    ]
    environment = os.environ | {"TMPDIR": str(tmp_path / "missing"), SOCKET: server}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0
