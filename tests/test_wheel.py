"""The wheel and the sdist: built, installed without the checkout, and used from an empty folder."""

import importlib.metadata
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Mapping
from email.parser import Parser
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
VERSION = importlib.metadata.version("securenet-obs")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an sdist of this checkout, and the wheel built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [BIN / "uv", "build", "--offline", "--no-build-isolation", "--python", sys.executable]
    done = subprocess.run(
        [*command, "--out-dir", folder, PROJECT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    """Return the opened wheel."""
    return zipfile.ZipFile(built / f"securenet_obs-{VERSION}-py3-none-any.whl")


@pytest.fixture(scope="module")
def command(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the installed command: the wheel's files with this environment's dependencies."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin" / "python"
    install = [BIN / "uv", "pip", "install", "--offline", "--no-deps", "--python", python]
    done = subprocess.run([*install, *built.glob("*.whl")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # A .pth in a folder that another .pth adds is not read, so the checkout is not on the path.
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    (venv / "share").symlink_to(Path(sys.prefix) / "share")  # Jupyter's templates
    return venv / "bin" / "securenet-obs"


def call(
    command: Path, folder: Path, *arguments: str, **variables: str
) -> "subprocess.CompletedProcess[str]":
    environment: Mapping[str, str] = {**os.environ, "PYTHONPATH": "", **variables}
    return subprocess.run(
        [command, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def notebooks() -> set[str]:
    """Return every notebook of the checkout, relative to its root."""
    return {
        f"{folder}/{path.name}"
        for folder in ("notebooks", "runbooks")
        for path in (PROJECT / folder).glob("*.ipynb")
    }


def test_the_wheel_is_complete(wheel: zipfile.ZipFile) -> None:
    """It has every notebook unchanged, the typing marker, and only the package."""
    names = set(wheel.namelist())
    for name in notebooks():
        assert wheel.read(f"securenet_obs/{name}") == (PROJECT / name).read_bytes()
    assert {"securenet_obs/py.typed", "securenet_obs/stack/parts/bugsink-requirements.txt"} <= names
    migrations = PROJECT / "securenet_obs" / "store" / "migrations"
    for path in (*migrations.glob("*.*"), *migrations.glob("versions/*.py")):
        assert path.relative_to(PROJECT).as_posix() in names
    assert {name.split("/")[0] for name in names} == {
        "securenet_obs",
        f"securenet_obs-{VERSION}.dist-info",
    }


def test_the_installed_command_migrates_a_store(command: Path, tmp_path: Path) -> None:
    """The migrations are part of the wheel."""
    url = f"sqlite:///{tmp_path}/store.sqlite3"
    done = call(command, tmp_path, "store", "migrate", DATABASE_URL=url)
    assert (done.returncode, "was migrated from nothing" in done.stdout) == (0, True), done.stderr


def test_the_metadata_are_right(wheel: zipfile.ZipFile) -> None:
    """Name, version, licence and README are those of the project."""
    folder = f"securenet_obs-{VERSION}.dist-info"
    metadata = Parser().parsestr(wheel.read(f"{folder}/METADATA").decode())
    assert (metadata["Name"], metadata["Version"]) == ("securenet-obs", VERSION)
    assert (metadata["License-Expression"], metadata["License-File"]) == ("MIT", "LICENSE")
    assert wheel.read(f"{folder}/licenses/LICENSE") == (PROJECT / "LICENSE").read_bytes()
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().strip() == (PROJECT / "README.md").read_text().strip()  # type: ignore[union-attr]


def test_the_sdist_is_complete(built: Path) -> None:
    """It has notebooks, licence and tests, and nothing that git ignores."""
    with tarfile.open(built / f"securenet_obs-{VERSION}.tar.gz") as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert notebooks() | {"LICENSE", "README.md", "pyproject.toml", "tests/test_wheel.py"} <= names
    assert not [name for name in names if name.startswith((".venv", ".securenet", "evidence"))]


@pytest.mark.slow
def test_an_installed_wheel_works_in_an_empty_folder(
    command: Path, tmp_path: Path, stack_cache: Path
) -> None:
    """It lists its notebooks, and validates a local stack; the package stays unchanged."""
    listed = call(command, tmp_path, "list")
    assert listed.returncode == 0, listed.stderr
    assert "02_logs_are_structured_json" in listed.stdout
    assert "queue_is_growing" in listed.stdout
    assert call(command, tmp_path, "--version").stdout.split()[-1] == VERSION

    (tmp_path / ".securenet").mkdir()
    for home in stack_cache.glob("bugsink-*"):
        (tmp_path / ".securenet" / home.name).symlink_to(home)
    before = files_of(command)
    done = call(command, tmp_path, "validate", "--local", "02_logs_are_structured_json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert list(tmp_path.glob("evidence/*/run.json"))
    assert files_of(command) == before


def files_of(command: Path) -> set[Path]:
    """Return the files of the installed package, except compiled ones."""
    (package,) = command.parents[1].glob("lib/python*/site-packages/securenet_obs")
    return {path for path in package.rglob("*") if "__pycache__" not in path.parts}


def test_the_tests_use_the_installed_package(command: Path, tmp_path: Path) -> None:
    """The dependencies are on the path, and the checkout is not."""
    python = command.with_name("python")
    code = "import securenet_obs, celery; print(securenet_obs.__file__); print(celery.__file__)"
    ours, theirs = call(python, tmp_path, "-c", code).stdout.splitlines()
    assert ours.startswith(str(command.parents[1]))
    assert not theirs.startswith(str(command.parents[1]))
