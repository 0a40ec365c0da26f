"""State files of a stack: locked, or an error with the remedy."""

from pathlib import Path

import pytest

from securenet_obs.errors import StateFolderError
from securenet_obs.stack.state_files import lock_state_file


def test_unwritable_lock_file_is_an_error(tmp_path: Path) -> None:
    """The error has the file, the system's reason and the remedy."""
    (tmp_path / ".securenet").touch()
    lock = lock_state_file(tmp_path / ".securenet" / "stacks" / "lock")
    with (
        pytest.raises(
            StateFolderError,
            match=r"lock: cannot be written: .*run the command in a writable folder",
        ),
        lock,
    ):
        pass


def test_an_error_of_the_block_is_not_explained(tmp_path: Path) -> None:
    """An OSError that the holder of the lock raises is not about the state file."""
    lock = lock_state_file(tmp_path / "lock", wait_s=0)
    with pytest.raises(FileNotFoundError), lock:
        (tmp_path / "none").read_text()


def test_a_second_holder_is_refused_in_time(tmp_path: Path) -> None:
    """The wait is that of the lock."""
    with (
        lock_state_file(tmp_path / "lock") as first,
        lock_state_file(tmp_path / "lock", wait_s=0.1) as second,
    ):
        assert (first, second) == (True, False)
