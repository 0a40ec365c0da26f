"""Files that are replaced as a whole."""

import os
import stat
from pathlib import Path

import pytest

from securenet_obs.processes.atomic_file import replace_file


def test_a_file_is_replaced_with_its_permissions(tmp_path: Path) -> None:
    """Whether it exists or not; nothing else is left in its folder."""
    path = tmp_path / "file"
    for data, mode in ((b"old", 0o644), (b"new", 0o600)):
        replace_file(path, data, mode=mode, to_disk=True)
        assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (data, mode)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError("disk is full"), KeyboardInterrupt()], ids=type)
def test_a_write_that_fails_leaves_the_old_file_and_no_part(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it ends: the content was already written, and then the disk fails."""

    def fail(_: int) -> None:
        raise error

    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        replace_file(path, b"new", mode=0o600, to_disk=True)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_never_sees_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the new content is written, the name still leads to the old one."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(path.read_bytes()))
    replace_file(path, b"new" * 100_000, mode=0o600, to_disk=True)
    assert seen == [b"old"]
    assert path.read_bytes() == b"new" * 100_000
