"""Folders of notebooks: finds the root (own or installed), its work folder, and copies to edit."""

import shutil
from importlib.resources import files
from pathlib import Path

from securenet_obs import __version__
from securenet_obs.errors import NotebookError
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


def opened_root(root: Path) -> Path:
    """Return a folder of editable notebooks: `root`, or copies of the installed ones.

    The copies are in `.securenet` of the current folder; existing ones are left alone.

    Raises:
        NotebookError: the copies cannot be written.
    """
    if work_folder(root) == root:
        return root
    copies = Path.cwd() / ".securenet" / f"notebooks-{__version__}"
    try:
        for path in (path for name in FOLDERS for path in (root / name).glob("*.ipynb")):
            copy = copies / path.relative_to(root)
            if not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
    except OSError as error:
        raise NotebookError(f"{copies}: cannot be written: {error.strerror}.") from error
    return copies


def _package() -> Path:
    return Path(str(files("securenet_obs"))).resolve()
