"""Validates the user's working folder for a run's kernel; never creates or removes it."""

import os
import stat
from pathlib import Path

from securenet_obs.errors import SettingsError


def working_folder(path: Path) -> Path:
    """Return the folder as an absolute path.

    Raises:
        SettingsError: the folder does not exist, is not a folder, or may not be entered.
    """
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except OSError as error:
        raise _unusable(path, str(error.strerror)) from error
    if not is_folder:
        raise _unusable(path, "not a folder")
    if not os.access(path, os.X_OK):
        raise _unusable(path, "it may not be entered")
    return path.resolve()


def _unusable(path: Path, reason: str) -> SettingsError:
    return SettingsError(f"{path}: the kernel cannot work there: {reason}; choose with --cwd.")
