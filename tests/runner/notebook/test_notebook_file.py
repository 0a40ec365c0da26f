"""Notebook files: any path yields its JSON or an error of one sentence."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import NotebookError, NotebookNotFoundError
from securenet_obs.runner.notebook import notebook_file
from securenet_obs.runner.notebook.notebook_file import read_json


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b"[NaN, Infinity, -Infinity, 1e999, 1.5]", [None, None, None, None, 1.5]),
        (b"[" + b"9" * 4000 + b"]", [int("9" * 4000)]),
    ],
)
def test_json_is_read_as_it_was_meant(data: bytes, expected: Any, tmp_path: Path) -> None:
    """A byte order mark is skipped; numbers outside JSON are null."""
    path = tmp_path / "n.ipynb"
    path.write_bytes(data)
    assert read_json(path) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (b'{"a": 1', "line 1, column 8"),
        ('{"a": 1}'.encode("utf-16"), "UTF-16; save it as UTF-8"),
        (b'{"a": "\xff"}', "byte 7 is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" + b"9" * 5000 + b"]", "digits"),
        (b"\0\0\0", "line 1, column 1"),
    ],
)
def test_a_file_that_is_not_json_is_named_with_the_reason(
    data: bytes, reason: str, tmp_path: Path
) -> None:
    """The error starts with the path and does not contain the file's content."""
    path = tmp_path / "n.ipynb"
    path.write_bytes(data)
    with pytest.raises(NotebookError, match="not a notebook") as caught:
        read_json(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert reason in str(caught.value)


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    """Only regular files are opened: a pipe without a writer or a device might never end."""
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "device.ipynb").symlink_to("/dev/zero")
    (tmp_path / "loop.ipynb").symlink_to("loop.ipynb")
    for name, reason in (
        ("pipe", "not a regular file"), ("folder", "a folder"),
        ("device", "not a regular file"), ("loop", "symbolic links"), ("x" * 300, "too long"),
    ):  # fmt: skip
        with pytest.raises(NotebookError, match=reason):
            read_json(tmp_path / f"{name}.ipynb")
    with pytest.raises(NotebookNotFoundError, match="no such notebook"):
        read_json(tmp_path / "missing.ipynb")


def test_a_file_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error has the system's reason; /proc/self/mem is unreadable even for the superuser."""
    if os.geteuid() == 0:
        with pytest.raises(NotebookError, match=r"mem: cannot be read: Input/output error"):
            read_json(Path("/proc/self/mem"))
        return
    path = tmp_path / "n.ipynb"
    path.write_text("{}")
    path.chmod(0)
    with pytest.raises(NotebookError, match="Permission denied"):
        read_json(path)


def test_a_large_file_is_read_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A larger file is refused with its size and the remedy."""
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"a": "x" * 1000}))
    assert read_json(path)["a"] == "x" * 1000
    monkeypatch.setattr(notebook_file, "MAX_FILE_BYTES", 1000)
    with pytest.raises(NotebookError, match=r"1,009 bytes.*clear its outputs"):
        read_json(path)
