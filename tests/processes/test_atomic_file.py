"""Files are replaced and created atomically."""

import os
import stat
from pathlib import Path

import pytest

from securenet_obs.processes.atomic_file import create_file, replace_file


def test_file_is_replaced_with_its_permissions(tmp_path: Path) -> None:
    """A new and an existing file are written, and no other file is left in the folder."""
    path = tmp_path / "file"
    for data, mode in ((b"old", 0o644), (b"new", 0o600)):
        replace_file(path, data, mode=mode, to_disk=True)
        assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (data, mode)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError("disk is full"), KeyboardInterrupt()], ids=type)
def test_failed_write_keeps_the_old_file(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the disk fails after the write, the old file is intact and no partial file is left."""

    def fail(_: int) -> None:
        raise error

    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        replace_file(path, b"new", mode=0o600, to_disk=True)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_reader_never_sees_a_partial_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """During the write, the name still refers to the old content."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    contents = []
    monkeypatch.setattr(os, "fsync", lambda _: contents.append(path.read_bytes()))
    replace_file(path, b"new" * 100_000, mode=0o600, to_disk=True)
    assert contents == [b"old"]
    assert path.read_bytes() == b"new" * 100_000


def test_a_file_is_created_once(tmp_path: Path) -> None:
    """A second writer leaves it as it is, and no other file in the folder."""
    path = tmp_path / "file"
    assert [create_file(path, data, mode=0o600) for data in (b"first", b"second")] == [True, False]
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"first", 0o600)
    assert list(tmp_path.iterdir()) == [path]
