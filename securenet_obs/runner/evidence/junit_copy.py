"""The copy of a command's JUnit report at the path that CI collects it from."""

import tempfile
from pathlib import Path

from securenet_obs.errors import EvidenceError
from securenet_obs.processes.atomic_file import replace_file
from securenet_obs.runner.evidence.junit import NAME

_REMEDY = "Choose another path with --junit."


def remove_junit(path: Path) -> None:
    """Remove an older report: it would be taken for that of a command that is killed.

    Raises:
        EvidenceError: a report cannot be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be written: {error.strerror}. {_REMEDY}") from error


def copy_junit(folder: Path, path: Path) -> None:
    """Copy the report of an evidence folder.

    Raises:
        EvidenceError: the report cannot be read or written.
    """
    try:
        replace_file(path, (folder / NAME).read_bytes(), mode=0o644, to_disk=True)
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be written: {error.strerror}. {_REMEDY}") from error
