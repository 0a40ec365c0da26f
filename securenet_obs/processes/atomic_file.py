"""Writes a file atomically: a reader sees the old content or the new one, never a part."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def replace_file(path: Path, data: bytes, *, mode: int, to_disk: bool) -> None:
    """Write a file that becomes visible, under its name, once it is complete.

    Args:
        path: path of the file; its folder exists.
        data: its whole content.
        mode: its permissions.
        to_disk: whether to wait until the content is on the disk.

    Raises:
        OSError: the file cannot be written; the old one stays.
    """
    with _written(path.parent, data, mode, to_disk=to_disk) as temporary:
        temporary.replace(path)


def create_file(path: Path, data: bytes, *, mode: int) -> bool:
    """Write a file, on the disk, unless there is one of this name; return whether it was written.

    Raises:
        OSError: the file cannot be written.
    """
    with _written(path.parent, data, mode, to_disk=True) as temporary:
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return False
    return True


@contextmanager
def _written(folder: Path, data: bytes, mode: int, *, to_disk: bool) -> Iterator[Path]:
    """Yield a hidden file with the content, which ends with the block."""
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
            file.flush()
            if to_disk:
                os.fsync(file.fileno())
        yield Path(temporary)
    finally:
        Path(temporary).unlink(missing_ok=True)
