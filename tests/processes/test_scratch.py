"""Folders of temporary files: removed after their block, and after their process was killed."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from securenet_obs.processes.scratch import MIN_AGE_S, scratch_folder
from tests.waiting import eventually

HOLDER = """
import time
from securenet_obs.processes.scratch import scratch_folder
with scratch_folder("kind-") as folder:
    (folder / "parameters").write_text("a secret")
    time.sleep(60)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the temporary files of this process be in a folder of the test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def holder(temporary: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """Yield a process that holds a folder, and the folder."""
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen([sys.executable, "-c", HOLDER], env=environment) as process:
        try:
            assert eventually(lambda: any(temporary.glob("snobs-kind-*/parameters")), 30)
            (folder,) = temporary.glob("snobs-kind-*")
            yield process, folder
        finally:
            process.kill()


def make_old(folder: Path) -> None:
    """Let a folder have been made a while ago."""
    past = time.time() - MIN_AGE_S - 1
    os.utime(folder / ".lock", (past, past))


def test_a_folder_is_removed_after_its_block(temporary: Path) -> None:
    """Also if the block raises; nobody else may enter it."""

    def work() -> None:
        with scratch_folder("kind-") as folder:
            assert (folder.parent, folder.stat().st_mode & 0o77) == (temporary, 0)
            (folder / "file").touch()
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert list(temporary.iterdir()) == []


def test_the_folder_of_a_killed_process_is_removed_by_the_next(temporary: Path) -> None:
    """No block of its own has removed it."""
    with holder(temporary) as (process, abandoned):
        process.kill()
        process.wait()
        assert abandoned.is_dir()
        make_old(abandoned)
        with scratch_folder():
            assert not abandoned.exists()


def test_folders_of_others_are_left_alone(temporary: Path) -> None:
    """A living process's, a new one, a link, one without a lock, and one with another name."""
    with holder(temporary) as (_, held):
        other, new = temporary / "another", temporary / "snobs-new"
        for folder in (other, new):
            folder.mkdir()
            (folder / ".lock").touch()
        (temporary / "snobs-link").symlink_to(other)
        (temporary / "snobs-without").mkdir()
        make_old(held)
        make_old(other)
        before = set(temporary.iterdir())
        with scratch_folder():
            assert before < set(temporary.iterdir())
        assert set(temporary.iterdir()) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to another user, as root alone may")
def test_a_folder_of_another_user_is_left_alone(temporary: Path) -> None:
    """Root could remove it."""
    folder = temporary / "snobs-theirs"
    folder.mkdir()
    (folder / ".lock").touch()
    make_old(folder)
    os.chown(folder, 65534, 65534)
    with scratch_folder():
        assert folder.is_dir()
