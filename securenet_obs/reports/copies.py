"""Links or copies the executed notebooks of a command into a site outside of the evidence."""

import os
import shutil
from pathlib import Path

_SUFFIXES = frozenset({".html", ".ipynb", ".json", ".jsonl", ".xml"})


def copy_evidence(source: Path, destination: Path) -> None:
    """Link the files of a command's evidence into a folder, or copy them to another disk.

    Raises:
        OSError: a file cannot be written.
    """
    destination.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if path.suffix in _SUFFIXES and path.is_file() and not path.is_symlink():
            _link(path, destination / path.name)


def _link(source: Path, destination: Path) -> None:
    destination.unlink(missing_ok=True)
    try:
        os.link(source, destination)
    except OSError:
        shutil.copyfile(source, destination)
