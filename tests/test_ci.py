"""`.ci/run` on a bare machine: it installs missing packages without prompts."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

RUN = Path(__file__).parent.parent / ".ci" / "run"
LOGGED = '#!/bin/sh\necho "{name} $*" >> "{log}"\n{rest}\n'


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Return a folder with a clean checkout's `.ci/run`, and `bin`, the only programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (tmp_path / ".ci").mkdir()
    shutil.copy(RUN, tmp_path / ".ci")
    for name in ("bash", "dirname", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))
    for name in ("make", "apt-get"):
        program(tmp_path, name, "read -r answer && exit 9; exit 0")
    return tmp_path


def program(machine: Path, name: str, rest: str) -> None:
    """Add a program that records its calls."""
    file = machine / "bin" / name
    file.write_text(LOGGED.format(name=name, log=machine / "calls", rest=rest))
    file.chmod(0o755)


def calls(machine: Path, *names: str, arguments: Sequence[str] = ()) -> list[str]:
    """Run CI and return the calls of these programs."""
    done = subprocess.run(
        [machine / ".ci" / "run", *arguments],
        env={"PATH": str(machine / "bin"), "HOME": str(machine)},
        input="an answer\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = (machine / "calls").read_text().splitlines()
    return [line for line in lines if line.split()[0] in names]


def test_missing_packages_are_installed(machine: Path) -> None:
    """Debian packages are installed before anything is built, and programs have no input."""
    program(machine, "id", "echo 0")
    program(machine, "python3", "exit 1")
    found = calls(machine, "apt-get", "make")
    assert found[0] == "apt-get update -qq"
    packages = found[1].partition("--no-install-recommends ")[2].split()
    assert packages[:4] == ["python3-venv", "procps", "faketime", "docker-compose"]
    assert packages[4:6] == ["chromium", "prometheus"]
    # Debian's folders of these are outside of the PATH: this machine may have them.
    assert set(packages[6:]) <= {"postgresql", "pgbouncer"}
    assert {"make test", "make validate", "make runbooks"} <= set(found[2:])


def test_the_rest_runs_once_a_week(machine: Path) -> None:
    """What takes too long for each change: every slow test, every drill, every known fault."""
    program(machine, "id", "echo 1000")
    program(machine, "python3", "exit 0")
    on_each_change = calls(machine, "make")
    (machine / "calls").unlink()
    found = calls(machine, "make", arguments=["all"])
    assert found[: len(on_each_change)] == on_each_change
    further = found[len(on_each_change) :]
    assert further == ["make slow", "make drills", "make doubt", "make fuzz SECONDS=900"]
    for call in further:
        command = ["make", "--dry-run", *call.split()[1:]]
        dry = subprocess.run(command, cwd=RUN.parents[1], capture_output=True, check=False)
        assert dry.returncode == 0, call
    assert ".ci/run all" in (RUN.parents[1] / ".github/workflows/weekly.yml").read_text()


def test_a_complete_machine_installs_nothing(machine: Path) -> None:
    """Without missing packages, or without root, apt-get is not called."""
    program(machine, "id", "echo 0")
    programs = ("ps", "faketime", "docker", "initdb", "pgbouncer", "promtool", "chromium")
    for name in ("python3", *programs):
        program(machine, name, "exit 0")
    assert calls(machine, "apt-get") == []
    (machine / "bin" / "docker").unlink()
    program(machine, "id", "echo 1000")
    assert calls(machine, "apt-get") == []
    assert os.access(RUN, os.X_OK)


def test_the_python_of_the_tests_is_not_checked_again(machine: Path) -> None:
    """The tests run with one Python; of the others the oldest and the newest run the check."""
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        program(machine, name, "exit 0")
    (machine / ".venv" / "bin").mkdir(parents=True)
    program(machine, "python", "echo 3.11")
    (machine / "bin" / "python").rename(machine / ".venv" / "bin" / "python")
    found = [line for line in calls(machine, "make") if line.startswith(("make te", "make ch"))]
    check = f"make check PYTHON={machine / 'bin' / 'python3.13'} VENV=.securenet/check-3.13"
    assert found == ["make test", check]
