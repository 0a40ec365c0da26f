"""Notebook roots: a project, an editable install, and a wheel."""

import shutil
from pathlib import Path

import pytest

from securenet_obs.runner.notebook import roots
from securenet_obs.runner.notebook.roots import default_root, work_folder

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder like that of a package from a wheel, read-only, from an empty folder."""
    package = tmp_path / "site-packages" / "securenet_obs"
    shutil.copytree(PROJECT / "notebooks", package / "notebooks")
    for path in (package / "notebooks").iterdir():
        path.chmod(0o444)
    monkeypatch.setattr(roots, "files", lambda _name: package)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    return package


@pytest.mark.parametrize("folder", ["notebooks", "runbooks"])
def test_this_folders_own_come_first(folder: str, installed: Path) -> None:
    """Either of the two folders makes the current folder the root, named as a relative path."""
    Path(folder).mkdir()
    assert default_root() == Path()


def test_the_installed_ones_are_used_elsewhere(installed: Path) -> None:
    """An empty folder uses the package's notebooks, and its own folder for all output."""
    assert default_root() == installed
    assert work_folder(installed) == Path.cwd()
    assert work_folder(Path()) == Path()


def test_an_editable_install_has_them_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root is this checkout, with the notebooks beside the package."""
    monkeypatch.chdir(tmp_path)
    assert default_root() == PROJECT
    assert work_folder(PROJECT) == PROJECT


def test_a_package_without_notebooks_means_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root is the current folder if the package has no notebooks, as in a service's image."""
    monkeypatch.setattr(roots, "files", lambda _name: tmp_path / "site" / "securenet_obs")
    monkeypatch.chdir(tmp_path)
    assert default_root() == Path()
