"""Set-up from the lock: its pins are installed, with any index and any pip settings of the user."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.utils import canonicalize_name

from tests.local_index import PIPS, LocalIndex, installed_here, reader_settings

ROOT = Path(__file__).parent.parent
SET_UP = (".ci/set_up.py", "securenet_obs/locked_pip.py")
BUILDS = {
    "hatchling",
    "editables",
    "pathspec",
    "pluggy",
    "packaging",
    "tomlkit",
    "trove-classifiers",
}
TINY = BUILDS | {"coverage", "iniconfig", "pygments", "pytest", "pytest-cov"}
PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "securenet-obs"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["pytest-cov>=7"]

[tool.hatch.build.targets.wheel]
packages = ["securenet_obs"]
"""
NEWEST = list(PIPS)[-1]
Pythons = Callable[[str], str]
Versions = dict[str, str]


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalIndex, str]:
    """Return an index of packages that are installed here, each with a newer release, and a lock.

    pytest-cov asks for `coverage[toml]`: that is the extra.
    """
    index = LocalIndex(tmp_path_factory.mktemp("index"), digests=False)
    lines = []
    for found in installed_here(TINY):
        lines.append(index.add_installed(found, code=found.name in BUILDS))
        index.add(found.name, "9999", found.requires or ())
    return index, "".join(lines)


@pytest.fixture
def checkout(tmp_path: Path, offered: tuple[LocalIndex, str]) -> Path:
    """Return a small project with the real Makefile and the lock of the local index."""
    folder = tmp_path / "checkout"
    (folder / "securenet_obs").mkdir(parents=True)
    (folder / "securenet_obs" / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "constraints.txt").write_text(offered[1])
    for name in ("Makefile", "environment.yml", *SET_UP):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def make_install(checkout: Path, python: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `make install` with these variables and no other pip settings."""
    home = checkout.parent / "home"
    home.mkdir(exist_ok=True)
    return subprocess.run(
        ["make", "install", f"PYTHON={python}"],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "PIP_RETRIES": "0", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def installed(venv: Path) -> Versions:
    """Return the versions in a virtual environment, except pip's."""
    sites = [str(site) for site in venv.glob("lib/python*/site-packages")]
    found = {canonicalize_name(each.name): each.version for each in distributions(path=sites)}
    return {name: version for name, version in found.items() if name != "pip"}


def pinned(lock: str) -> Versions:
    """Return the versions in a lock."""
    rows = re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==(\S+)", lock, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in rows}


@pytest.mark.slow
@pytest.mark.parametrize("version", PIPS, ids=PIPS.get)
def test_make_installs_exactly_the_lock(
    version: str, pythons: Pythons, offered: tuple[LocalIndex, str], checkout: Path
) -> None:
    """Each pin and the project are installed, although newer releases exist."""
    index, lock = offered
    done = make_install(checkout, pythons(version), PIP_INDEX_URL=index.url)
    assert done.returncode == 0, done.stderr
    assert installed(checkout / ".venv") == pinned(lock) | {"securenet-obs": "0.1.0"}


@pytest.mark.slow
def test_pip_settings_only_select_the_index(
    tmp_path: Path, pythons: Pythons, offered: tuple[LocalIndex, str], checkout: Path
) -> None:
    """Other settings of pip.conf and of variables are ignored."""
    index, lock = offered
    settings = reader_settings(tmp_path, index, lock)
    done = make_install(checkout, pythons(NEWEST), **settings)
    assert done.returncode == 0, done.stderr
    assert installed(checkout / ".venv") == pinned(lock) | {"securenet-obs": "0.1.0"}
    assert {"root", "target", "prefix", "user"}.isdisjoint(os.listdir(tmp_path))


@pytest.mark.slow
def test_packages_of_an_older_lock_are_removed(pythons: Pythons, checkout: Path) -> None:
    """A changed lock is installed into an empty environment; a changed project is not."""
    leftover = checkout / ".venv" / "left"
    for changed, stays in (("pyproject.toml", True), ("constraints.txt", False)):
        leftover.parent.mkdir(exist_ok=True)
        leftover.touch()
        for number, name in enumerate(("constraints.txt", "pyproject.toml", ".venv/.installed")):
            (checkout / name).touch()
            os.utime(checkout / name, (number, number))
        (checkout / changed).touch()
        # The environment is made, and then there is no index.
        done = make_install(checkout, pythons(NEWEST), PIP_INDEX_URL="http://127.0.0.1:9/")
        assert "make: the package index could not be reached" in done.stderr
        assert leftover.exists() == stays


def conda_pip_part(folder: Path) -> Path:
    """Write the pip part of environment.yml to a file beside it, as conda does."""
    dependencies: list[Any] = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (part,) = [each["pip"] for each in dependencies if isinstance(each, dict)]
    file = folder / "condaenv.requirements.txt"
    file.write_text("\n".join(part))
    return file


def readme_step() -> list[str]:
    """Return the words of the README's step after `conda activate`."""
    _, step = (ROOT / "README.md").read_text().split("conda activate securenet-obs\n", 1)
    return step.splitlines()[0].split()


@pytest.mark.slow
@pytest.mark.parametrize("version", PIPS, ids=PIPS.get)
def test_conda_installs_exactly_the_lock(
    version: str, pythons: Pythons, offered: tuple[LocalIndex, str], checkout: Path
) -> None:
    """Its pip part installs each pin, and the README's next step the project."""
    index, lock = offered
    # The lock names the extra, as `make lock` has uv do.
    (checkout / "constraints.txt").write_text(lock.replace("coverage==", "coverage[toml]=="))
    environment = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull}
    environment["PIP_INDEX_URL"] = index.url
    venv = checkout / "conda"
    subprocess.run([pythons(version), "-m", "venv", venv], check=True)
    words = ["install", "-U", "-r", conda_pip_part(checkout).name, "--exists-action=b"]
    for command in (
        ["python", "-m", "pip", *words],
        readme_step(),
        ["python", "-m", "pip", "check"],
    ):
        done = subprocess.run(
            [venv / "bin" / command[0], *command[1:]],
            cwd=checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert installed(venv) == pinned(lock) | {"securenet-obs": "0.1.0"}
