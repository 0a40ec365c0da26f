"""A lock has one holder, and is released however its holder ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from securenet_obs.processes.locks import file_lock

HOLDER = """
import sys, time
from pathlib import Path
from securenet_obs.processes.locks import file_lock
with file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_lock_has_one_holder(tmp_path: Path) -> None:
    """A second holder does not get the lock until the first has released it."""
    path = tmp_path / "folder" / "lock"
    with file_lock(path) as first, file_lock(path, wait_s=0.1) as second:
        assert (first, second) == (True, False)
    with file_lock(path, wait_s=0) as third:
        assert third


def test_lock_is_released_with_its_process(tmp_path: Path) -> None:
    """The lock of a killed process is free."""
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with file_lock(path, wait_s=0) as held:
            assert not held
        holder.kill()
    with file_lock(path, wait_s=5) as held:
        assert held


def test_unwritable_lock_file_is_the_systems_error(tmp_path: Path) -> None:
    """The caller explains which file it is, and the remedy."""
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError), file_lock(tmp_path / "file" / "folder" / "lock"):
        pass
