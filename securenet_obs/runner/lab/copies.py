"""Copies of a project's notebooks to work in: without outputs, and kept only if they changed."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from securenet_obs.errors import NotebookError
from securenet_obs.runner.notebook.catalog import FOLDERS, is_hidden
from securenet_obs.runner.notebook.roots import work_folder

EVIDENCE = "evidence"
"""Name of the folder of all evidence, and of the link to it beside the copies."""

START_PAGE = "00_start_here.ipynb"
"""Name of the start page in each folder of notebooks."""

_HIDDEN = ".ipynb_checkpoints"


@dataclass(frozen=True)
class Copies:
    """The copies of one session: their folder, and its content when they were made."""

    folder: Path
    content: dict[Path, bytes]

    def have_changed(self) -> bool:
        """Return whether a copy was saved, or a file was added, renamed or removed."""
        return _read_content(self.folder) != self.content


def find_start_page(folder: Path, *, is_local: bool) -> str:
    """Return the path of a target's start page below a folder; empty if there is none.

    Args:
        folder: folder with notebooks/ and runbooks/.
        is_local: whether the target is a local stack: its start page is that of a newcomer.
    """
    path = Path(FOLDERS[0] if is_local else FOLDERS[1]) / START_PAGE
    return path.as_posix() if (folder / path).exists() else ""


@contextmanager
def opened_folder(root: Path, sessions: Path | None) -> Iterator[Path]:
    """Yield a folder with a project's notebooks to work in.

    Args:
        root: project folder.
        sessions: folder for the copies of each session, None for the project itself.

    Raises:
        NotebookError: the copies cannot be written, or the project is the installed package.
    """
    if sessions:
        with _opened_copies(root, sessions) as copies:
            yield copies.folder
    elif work_folder(root) != root:
        raise NotebookError(f"The installed notebooks in {root} are not edited; use --root.")
    else:
        yield root


@contextmanager
def _opened_copies(root: Path, sessions: Path) -> Iterator[Copies]:
    """Copy a project's notebooks for the block; afterwards remove copies that did not change.

    A copy has no outputs: those that a project stores are of another target and time. Other files
    beside the notebooks are links.

    Raises:
        NotebookError: the copies cannot be written.
    """
    try:
        folder = _make_folder(sessions)
        for name in FOLDERS:
            if (root / name).is_dir():
                _copy_folder(root / name, folder / name)
        (folder / EVIDENCE).symlink_to(Path(EVIDENCE).absolute())
    except OSError as error:
        raise NotebookError(f"{sessions}: cannot be written: {error.strerror}.") from error
    copies = Copies(folder, _read_content(folder))
    try:
        yield copies
    finally:
        if not copies.have_changed():
            shutil.rmtree(folder, ignore_errors=True)


def _make_folder(sessions: Path) -> Path:
    sessions.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-", dir=sessions))


def _copy_folder(source: Path, folder: Path) -> None:
    folder.mkdir()
    for path in source.iterdir():
        copy = folder / path.name
        if path.suffix == ".ipynb" and path.is_file():
            copy.write_bytes(_without_outputs(path.read_bytes()))
        elif path.is_dir() and path.name != _HIDDEN:
            _copy_folder(path, copy)
        elif path.is_file():
            copy.symlink_to(path.resolve())


def _without_outputs(content: bytes) -> bytes:
    """Return a notebook without outputs; content that is not a notebook, as it is."""
    try:
        document = json.loads(content)
        cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
        for cell in cells:
            cell |= {"outputs": [], "execution_count": None}
    except (ValueError, KeyError, TypeError):
        return content
    # As JupyterLab writes it: a notebook that is saved without a change stays the same.
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _read_content(folder: Path) -> dict[Path, bytes]:
    """Return the content of each file below a folder; links and hidden files are left out."""
    paths = [path for path in folder.rglob("*") if not is_hidden(path.relative_to(folder))]
    files = (path for path in paths if path.is_file() and not path.is_symlink())
    content = {path.relative_to(folder): path.read_bytes() for path in files}
    return {
        path: _without_language(value) if path.suffix == ".ipynb" else value
        for path, value in content.items()
    }


def _without_language(content: bytes) -> bytes:
    """Return a notebook without the version of Python, which its first page sets and saves."""
    try:
        document = json.loads(content)
        document["metadata"].pop("language_info", None)
    except (ValueError, KeyError, TypeError, AttributeError):
        return content
    return json.dumps(document, sort_keys=True).encode()
