import subprocess
import sys
import time
from pathlib import Path

import pytest

from securenet_obs.probes.logs.files.writers import SETTLE_S, WriterDetector


def is_being_written(*paths: Path) -> bool:
    detector = WriterDetector()
    for path in paths:
        detector.observe(path)
    return detector.find_written() == set(paths)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who writes a file")
def test_file_open_for_writing_is_being_written(tmp_path: Path) -> None:
    """A slow writer, here another process, counts however long it pauses."""
    file = tmp_path / "a.log"
    code = "import sys, time; f = open(sys.argv[1], 'a'); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        assert is_being_written(file)
        writer.communicate("\n")
    assert not is_being_written(file)


def test_growing_file_is_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the system cannot detect the writer, the file's growth counts."""
    monkeypatch.setattr(sys, "platform", "darwin")
    file = tmp_path / "a.log"
    file.touch()
    assert not is_being_written(file)
    monkeypatch.setattr(time, "sleep", lambda _: file.write_text("more"))
    assert is_being_written(file)


def test_many_files_settle_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait is one for all files, not one for each."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    files = [tmp_path / f"{number}.log" for number in range(40)]
    for file in files:
        file.write_text("{")
    assert not is_being_written(*files)
    assert len(waits) == 1
    assert waits[0] <= SETTLE_S


def test_deleted_file_is_not_being_written(tmp_path: Path) -> None:
    """A deleted file has no writer."""
    assert not is_being_written(tmp_path / "gone.log")
