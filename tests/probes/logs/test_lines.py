import gzip
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from securenet_obs.errors import NotFoundError, SettingsError
from securenet_obs.probes.logs.lines import (
    MAX_LINE_BYTES,
    find_log_files,
    is_being_written,
    read_lines,
)


def test_folder_is_searched_for_logs(tmp_path: Path) -> None:
    """A folder contributes its log files, rotated and compressed ones included."""
    (tmp_path / "sub").mkdir()
    wanted = ["a.log", "b.json", "c.jsonl", "d.ndjson", "e.log.gz", "f.log.1", "g.log.2.gz"]
    for name in [*wanted, "notes.txt", "log", "x.logs", "y.gz"]:
        (tmp_path / "sub" / name).touch()
    (tmp_path / "folder.log").mkdir()
    assert [path.name for path in find_log_files(tmp_path)] == wanted


def test_repeated_sources_yield_a_file_once(tmp_path: Path) -> None:
    """A file that several sources match is read once; ** spans folders."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    file = tmp_path / "deep" / "er" / "a.log"
    file.touch()
    assert find_log_files(file, tmp_path, f"{tmp_path}/**/*.log", str(file)) == [file]


@pytest.mark.parametrize("source", ["missing.log", "none/*.log", "."])
def test_source_without_logs_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """A missing file, and a glob or folder without logs, are errors."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFoundError, match=f"^{source.replace('*', '.')} is not a log file"):
        find_log_files(source)


@pytest.mark.parametrize("sources", [(), ("",), ("a.log", "")])
def test_missing_source_is_a_settings_error(sources: tuple[str, ...]) -> None:
    """An empty LOG_SOURCE does not mean the current folder."""
    with pytest.raises(SettingsError, match="LOG_SOURCE"):
        find_log_files(*sources)


def test_lines_are_numbered_and_blank_lines_skipped(tmp_path: Path) -> None:
    """Numbers count every line from 1; blank lines are counted and not yielded."""
    file = tmp_path / "a.log"
    file.write_bytes(b"one\n\n  \r\nfour\r\nfive")
    found = list(read_lines(file))
    assert [(line.number, line.is_cut) for line in found] == [(1, False), (4, False), (5, True)]


def test_oversized_line_is_dropped_in_bounded_memory(tmp_path: Path) -> None:
    """A line of 10 MB is a problem of that line only; the next line is read."""
    file = tmp_path / "a.log"
    file.write_bytes(b"x" * 10_000_000 + b"\nnext\n")
    first, second = read_lines(file)
    assert first.problem == f"longer than {MAX_LINE_BYTES} bytes"
    assert first.content == b""
    assert (second.number, second.content) == (2, b"next")


def test_line_of_maximum_length_is_kept(tmp_path: Path) -> None:
    """A line of exactly the limit, line feed included, is kept."""
    file = tmp_path / "a.log"
    file.write_bytes(b"x" * (MAX_LINE_BYTES - 1) + b"\n")
    assert [line.problem for line in read_lines(file)] == [""]


def test_gzip_is_detected_by_its_content(tmp_path: Path) -> None:
    """A gzip file is decompressed whatever its name is."""
    file = tmp_path / "a.log"
    file.write_bytes(gzip.compress(b"one\ntwo\n"))
    assert [line.content for line in read_lines(file)] == [b"one", b"two"]


def test_truncated_gzip_yields_its_complete_lines(tmp_path: Path) -> None:
    """A truncated gzip yields its complete lines, then its problem."""
    file = tmp_path / "a.log.gz"
    packed = gzip.compress(os.urandom(50_000).hex(" ", 100).replace(" ", "\n").encode())
    file.write_bytes(packed[: len(packed) // 2])
    *whole, last = read_lines(file)
    assert len(whole) > 100
    assert last.problem.startswith("truncated gzip")


@pytest.mark.parametrize("content", [b"no gzip at all\n", b"\x1f\x8b\x08broken" * 10])
def test_corrupt_gzip_is_reported(tmp_path: Path, content: bytes) -> None:
    """Data that cannot be decompressed is reported as corrupt and not read as lines."""
    file = tmp_path / "a.log.gz"
    file.write_bytes(content)
    (only,) = read_lines(file)
    assert only.problem.startswith("corrupt gzip")


def test_deleted_file_is_reported(tmp_path: Path) -> None:
    """A file that is rotated away before it is read does not stop the reading."""
    (only,) = read_lines(tmp_path / "gone.log")
    assert (only.number, only.problem) == (0, "unreadable: No such file or directory")


def test_file_rotated_during_reading_is_read_to_its_end(tmp_path: Path) -> None:
    """Renaming or truncating an open file neither stops nor repeats the reading."""
    file = tmp_path / "a.log"
    file.write_text("".join(f"{number}\n" for number in range(100_000)))
    reading = read_lines(file)
    first = next(reading)
    file.rename(tmp_path / "a.log.1")
    file.write_text("new\n")
    assert first.content == b"0"
    assert sum(1 for _ in reading) == 99_999


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
    thread = threading.Thread(target=lambda: (time.sleep(0.1), file.write_text("more")))
    thread.start()
    assert is_being_written(file)
    thread.join()


def test_deleted_file_is_not_being_written(tmp_path: Path) -> None:
    """A deleted file has no writer."""
    assert not is_being_written(tmp_path / "gone.log")
