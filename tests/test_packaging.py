import importlib.metadata
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from importlib.metadata import distribution, distributions
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from securenet_obs import __version__
from securenet_obs.cli import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CONSTRAINTS = (ROOT / "constraints.txt").read_text()
ENVIRONMENT = (ROOT / "environment.yml").read_text()
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINNED = re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^ ;]+)", CONSTRAINTS, re.MULTILINE)
PINS = {canonicalize_name(name): Version(version) for name, version in PINNED}


def readme_table(heading: str) -> dict[str, list[str]]:
    """Return the first table below a heading: first cell without backticks -> other cells."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return {row[0].strip().strip("`"): [cell.strip() for cell in row[1:]] for row in rows}


def commands(group: click.Group, prefix: str = "") -> dict[str, click.Command]:
    """Return every leaf command by its words."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        words = f"{prefix}{name}"
        if isinstance(command, click.Group):
            found |= commands(command, f"{words} ")
        else:
            found[words] = command
    return found


@pytest.mark.parametrize(
    "line",
    [*PROJECT["dependencies"], *(line for extra in EXTRAS.values() for line in extra)],
)
def test_every_requirement_is_pinned_within_its_bounds(line: str) -> None:
    """The versions that make installs are those that pyproject.toml permits."""
    requirement = Requirement(line)
    assert PINS[canonicalize_name(requirement.name)] in requirement.specifier


def test_every_pin_has_hashes_and_no_url() -> None:
    """A pin is verified by its digest, from any download address."""
    blocks = re.split(r"\n(?=[\w.-]+(?:\[|==))", CONSTRAINTS.strip())
    assert {canonicalize_name(re.split(r"\[|==", block)[0]) for block in blocks} == PINS.keys()
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in CONSTRAINTS


def test_conda_gets_the_same_python_and_the_lock() -> None:
    """conda and make build the same environment from the same lock."""
    python = re.search(r"^  - python(\S+)$", ENVIRONMENT, re.MULTILINE)
    assert python is not None
    floor = PROJECT["requires-python"]
    assert str(SpecifierSet(floor)) in python[1]
    assert yaml.safe_load(ENVIRONMENT)["dependencies"][-1] == {"pip": ["-r constraints.txt"]}
    assert "  - redis-server\n" in ENVIRONMENT


def test_the_lock_contains_the_required_extras() -> None:
    """If pip resolves, as conda's does, `name[extra]` leads an old pip to the pinned release."""
    pinned = dict(re.findall(r"^([\w.-]+)(?:\[([\w,.-]+)\])?==", CONSTRAINTS, re.MULTILINE))
    extras = {canonicalize_name(name): set(named.split(",")) for name, named in pinned.items()}
    missing = set()
    for name in extras.keys() & {canonicalize_name(each.name) for each in distributions()}:
        for line in distribution(name).requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                extras_missing = requirement.extras - extras.get(
                    canonicalize_name(requirement.name), set()
                )
                missing |= {f"{requirement.name}[{extra}]" for extra in extras_missing}
    assert missing == set()


def test_the_readme_has_the_same_python_and_extras() -> None:
    """README and pyproject.toml agree."""
    floor = PROJECT["requires-python"].removeprefix(">=")
    assert f"Python {floor} or newer" in README
    assert "conda env create -f environment.yml" in README
    name = re.search(r"^name: (\S+)$", ENVIRONMENT, re.MULTILINE)
    assert name is not None
    assert f"conda activate {name[1]}" in README
    assert readme_table("Use it as a library").keys() == EXTRAS.keys()


def test_the_makefile_requires_the_same_python() -> None:
    """The message about an old Python has the bound of pyproject.toml."""
    makefile = (ROOT / "Makefile").read_text()
    floor = PROJECT["requires-python"].removeprefix(">=")
    assert f"no Python {floor} or newer" in makefile
    assert f"({', '.join(floor.split('.'))})" in makefile


def test_the_version_is_the_same_everywhere() -> None:
    """The package defines it, the metadata are derived from it, the changelog has it."""
    assert importlib.metadata.version("securenet-obs") == __version__
    assert "version" not in PROJECT
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_list_of_commands_cuts_no_purpose() -> None:
    """Each command's purpose is whole on a terminal of 80 columns, of which Click fills 78."""
    for group in [cli, *(each for each in cli.commands.values() if isinstance(each, click.Group))]:
        help_text = CliRunner().invoke(group, ["--help"], terminal_width=78).output
        assert "..." not in help_text.split("Commands:\n")[1]


def test_every_command_has_an_example() -> None:
    """The help of every command has a line to copy."""
    missing = [w for w, c in commands(cli).items() if f"securenet-obs {w}" not in (c.help or "")]
    assert missing == []


@pytest.mark.parametrize(
    "target", ["validate", "test", "lint", "record", "lock", "clean", "install"]
)
def test_every_mentioned_make_target_exists(target: str) -> None:
    """README and CI mention only targets of the Makefile."""
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ("exit 1", "make: no Python 3.11 or newer was found (Python 3.9.2); install"),
        (
            'case "$2" in *ensurepip*) exit 1;; esac',
            "make: python3 cannot create virtual environments; install its venv module",
        ),
    ],
    ids=["too old", "without venv"],
)
def test_an_unusable_python_is_one_message(tmp_path: Path, answers: str, sentence: str) -> None:
    """Set-up ends with the package to install, without a stack trace."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    fake = tmp_path / "bin" / "python3"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit 0\n{answers}\n')
    fake.chmod(0o755)
    for tool in ("make", "sh", "head", "touch", "echo"):
        (fake.parent / tool).symlink_to(_which(tool))
    done = subprocess.run(
        ["make", "validate"],
        cwd=tmp_path,
        env={"PATH": str(fake.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    first, *rest = done.stderr.splitlines()
    assert first.startswith(sentence)
    assert all(line.startswith("make: ***") for line in rest)


def test_an_unreachable_index_is_one_message(pythons: Callable[..., str], tmp_path: Path) -> None:
    """Set-up reports the unreachable index, and the file with pip's output."""
    for name in ("Makefile", "pyproject.toml", ".ci/set_up.py", "securenet_obs/locked_pip.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text())
    (tmp_path / "constraints.txt").write_text(f"no-such==1 --hash=sha256:{'0' * 64}\n")
    done = subprocess.run(
        ["make", "install", f"PYTHON={pythons()}"],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
            "PIP_RETRIES": "0",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    sentence, *rest = done.stderr.splitlines()
    assert sentence.startswith("make: the package index could not be reached")
    assert "no-such==1" in sentence
    assert sentence.endswith("(the output of pip: .venv/install.log)")
    assert (tmp_path / ".venv" / "install.log").exists()
    assert all(line.startswith("make: ***") for line in rest)


def _which(tool: str) -> str:
    found = shutil.which(tool)
    assert found is not None
    return found
