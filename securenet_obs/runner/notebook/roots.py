"""Folders of notebooks: finds the root, own or installed, and the folder for its files."""

from importlib.resources import files
from pathlib import Path

from securenet_obs.runner.notebook.catalog import FOLDERS


def default_root() -> Path:
    """Return the current folder if it holds notebooks/ or runbooks/, else the installed folder."""
    here = Path()
    if _has_notebooks(here):
        return here
    # An editable install leaves the notebooks beside the package.
    return next((root for root in (_package(), _package().parent) if _has_notebooks(root)), here)


def _has_notebooks(folder: Path) -> bool:
    """Return whether a folder holds notebooks/ or runbooks/."""
    return any((folder / name).is_dir() for name in FOLDERS)


def work_folder(root: Path) -> Path:
    """Return the folder for files that belong to a root: never the installed package."""
    return Path.cwd() if root.resolve() == _package() else root


def _package() -> Path:
    return Path(str(files("securenet_obs"))).resolve()
