"""Commands as another user, also where this Python is in a folder that only its owner may enter."""

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

_NOBODY = 65_534

_SHOW_PYTHON = """set -e
mount --bind "$2" "$3"
mount -t tmpfs -o mode=755 none "$1"
mkdir -p "$2"
mount --move "$3" "$2"
shift 3
exec "$@"
"""
"""Covers a closed folder, in a mount namespace of its own, by one that has this Python alone."""


def as_user(user: int, command: list[str], scratch: Path) -> list[str]:
    """Return a command line that runs a command as a user, without other groups and rights.

    Args:
        user: number of the user and of its group.
        command: the command line.
        scratch: an empty folder, which is a mount point for a moment.
    """
    if reason := _missing():
        pytest.skip(reason)
    return _build(user, command, scratch)


def _build(user: int, command: list[str], scratch: Path) -> list[str]:
    changed = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    changed += ["--bounding-set=-all", "--inh-caps=-all", *command]
    closed = _closed_folder()
    if closed is None:
        return changed
    shown = [str(closed), sys.base_prefix, str(scratch)]
    return ["unshare", "--mount", "sh", "-c", _SHOW_PYTHON, "sh", *shown, *changed]


def _closed_folder() -> Path | None:
    """Return the highest folder above this Python that other users may not enter; None without."""
    parents = reversed(Path(sys.base_prefix).parents)
    return next((path for path in parents if not path.stat().st_mode & 0o001), None)


@cache
def _missing() -> str:
    """Return why commands cannot be run as other users; empty if they can."""
    if os.geteuid() != 0:
        return "only root may start workers as users of their own"
    programs = ["setpriv", *(["unshare"] if _closed_folder() else [])]
    if missing := [name for name in programs if not shutil.which(name)]:
        return f"{missing[0]} is not installed"
    if _closed_folder() and subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        return f"{_closed_folder()} is closed to other users, and mount namespaces are not allowed"
    with tempfile.TemporaryDirectory() as scratch:
        command = _build(_NOBODY, [sys.executable, "-c", "import securenet_obs"], Path(scratch))
        if subprocess.run(command, cwd="/", check=False).returncode:
            return "this project is in a folder that other users may not enter"
    return ""
