"""An overlay has the packages of an upgrade, and shares all others with this environment."""

import subprocess
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from securenet_obs.drills.upgrades.overlay import build_overlay
from securenet_obs.errors import StackError


def write_wheel(folder: Path, name: str, release: str, requires: str = "") -> None:
    """Write a wheel with a module that knows its version."""
    about = f"{name}-{release}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {release}\n"
    metadata += f"Requires-Dist: {requires}\n" if requires else ""
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {f"{name}.py": f"RELEASE = {release!r}\n", f"{about}/METADATA": metadata}
    files |= {f"{about}/WHEEL": tags, f"{about}/RECORD": ""}
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{release}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


def evaluate(python: str, code: str) -> str:
    """Return what a line of code prints in the overlay."""
    command = [python, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """Return a folder with a newer structlog, an older click, and a package that wants another."""
    folder = tmp_path / "wheels"
    write_wheel(folder, "structlog", "99.1")
    write_wheel(folder, "brand_new", "1.0", "structlog==99.1")
    write_wheel(folder, "impossible", "1.0", "structlog==98.0")
    return folder


@pytest.mark.slow
def test_an_upgrade_is_installed_over_the_shared_packages(tmp_path: Path, wheels: Path) -> None:
    """Without a network; what it needs moves with it, and a second build installs nothing."""
    said: list[str] = []
    for _ in range(2):
        overlay = build_overlay(["brand-new==1.0"], tmp_path, wheels=wheels, report=said.append)
    assert len(said) == 1
    assert overlay.moved == {
        "brand_new": ("", "1.0"),
        "structlog": (version("structlog"), "99.1"),
    }
    code = "import structlog, celery, securenet_obs; print(structlog.RELEASE, celery.__version__)"
    assert evaluate(overlay.python, code) == f"99.1 {version('celery')}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        ("impossible==1.0", "structlog==98.0"),
        ("absent==3", "wheels has no wheel of absent==3 for"),
        ("not a name", "not a"),
    ],
)
def test_a_failure_names_the_package_and_leaves_nothing(
    tmp_path: Path, wheels: Path, requirement: str, reason: str
) -> None:
    """The output of pip is kept."""
    with pytest.raises(StackError, match=reason) as raised:
        build_overlay([requirement], tmp_path, wheels=wheels)
    assert "cannot be installed" in str(raised.value)
    left = {path.suffix for path in (tmp_path / "upgrades").iterdir()}
    assert left == {".log", ".lock"}


@pytest.mark.slow
def test_an_upgrade_that_moves_nothing_is_refused(tmp_path: Path, wheels: Path) -> None:
    """A name alone is satisfied by today's version: today's packages passed as the upgrade."""
    with pytest.raises(StackError, match="structlog: there is nothing to rehearse"):
        build_overlay(["structlog"], tmp_path, wheels=wheels)
    assert not [path for path in (tmp_path / "upgrades").iterdir() if path.is_dir()]
