"""The link `latest` in an evidence root, which leads to the folder of the newest command."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

LATEST = "latest"


def link_latest(folder: Path) -> None:
    """Make `latest` beside an evidence folder lead to it.

    It is made as a command starts: the folder of one that was killed has no `run.json`, and an
    older report is never taken for its own. A file or folder of that name is left alone, and so
    is a disk without links.
    """
    link = folder.parent / LATEST
    if link.exists() and not link.is_symlink():
        return
    new = folder.parent / f".{LATEST}-{secrets.token_hex(4)}"
    with suppress(OSError):
        os.symlink(folder.name, new, target_is_directory=True)
        try:
            new.replace(link)
        finally:
            new.unlink(missing_ok=True)
