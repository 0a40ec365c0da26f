"""Replaces a file atomically: a reader sees the old content or the new one, never a part."""

import os
import tempfile
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
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
            file.flush()
            if to_disk:
                os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
