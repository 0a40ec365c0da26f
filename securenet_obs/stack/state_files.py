"""Locks a stack's state files; converts their write errors to StateFolderError with a remedy."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from securenet_obs.errors import StateFolderError
from securenet_obs.processes.locks import file_lock


@contextmanager
def lock_state_file(path: Path, *, wait_s: float = math.inf) -> Iterator[bool]:
    """Hold the lock of a state file while the block runs; arguments are those of `file_lock`.

    Yields:
        Whether the lock is held.

    Raises:
        StateFolderError: the file cannot be written.
    """
    with ExitStack() as stack:
        with explain_unwritable(path):
            held = stack.enter_context(file_lock(path, wait_s=wait_s))
        yield held


@contextmanager
def explain_unwritable(path: Path) -> Iterator[None]:
    """Convert the system's error for a state file within the block into one with the remedy.

    Raises:
        StateFolderError: the file cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise StateFolderError(
            f"{path}: cannot be written: {error.strerror}. A local stack keeps its state there: "
            "run the command in a writable folder."
        ) from error
