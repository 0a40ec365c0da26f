import io
import os
import sys
from pathlib import Path
from threading import Thread

import pytest

from securenet_obs.probes.logs import lines
from securenet_obs.probes.logs.check import check_lines
from securenet_obs.probes.logs.lines import LineReading


def read(*sources: str | Path) -> tuple[int, list[tuple[str, int, str]], list[str]]:
    """Return the number of records, the rejected lines and the pending files."""
    reading = LineReading(*sources)
    count = sum(len(one.positions) for one in reading.read())
    return count, list(reading.rejected), reading.pending


def test_rejected_lines_are_in_the_order_of_reading(tmp_path: Path) -> None:
    """Bad lines, faults of files and cut lines of several files are listed in order."""
    (tmp_path / "a.log").write_text("x\n{}\n[]\n{")
    (tmp_path / "b.log.gz").write_bytes(b"no gzip")
    (tmp_path / "c.log").write_text("{}\n1\n")
    count, rejected, pending = read(tmp_path)
    assert (count, pending) == (2, [])
    places = [(Path(file).name, line) for file, line, _ in rejected]
    assert places == [("a.log", 1), ("a.log", 3), ("a.log", 4), ("b.log.gz", 1), ("c.log", 2)]


def test_cut_lines_of_written_files_are_pending(tmp_path: Path) -> None:
    """Only the last line of the file that has a writer is left out."""
    for name in ("a.log", "b.log", "c.log"):
        (tmp_path / name).write_text('x\n{"n": ')
    with (tmp_path / "b.log").open("a"):
        _, rejected, pending = read(tmp_path)
    assert pending == [str(tmp_path / "b.log")]
    places = [(Path(file).name, line) for file, line, _ in rejected]
    assert places == [("a.log", 1), ("a.log", 2), ("b.log", 1), ("c.log", 1), ("c.log", 2)]


def test_rejected_lines_beyond_the_limit_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is bounded, since a hostile file rejects a line for every two bytes."""
    monkeypatch.setattr(lines, "MAX_REJECTED", 3)
    (tmp_path / "a.log").write_text("x\n" * 2 + "{}\n")
    (tmp_path / "b.log").write_text("x\n" * 5 + "{")
    (tmp_path / "c.log").write_text("x\n{")
    with (tmp_path / "b.log").open("a"), (tmp_path / "c.log").open("a"):
        report = check_lines(tmp_path)
    assert (report["total"], report["valid"]) == (9, 1)
    places = [(Path(row["file"]).name, row["line"]) for row in report["rejected"]]
    assert places == [("a.log", 1), ("a.log", 2), ("b.log", 1)]
    assert len(report["pending"]) == 2


def test_cut_line_of_standard_input_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    """At its end nothing more can follow."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{}\n{"n": ')))
    count, rejected, pending = read("-")
    assert (count, pending) == (1, [])
    assert [(file, line) for file, line, _ in rejected] == [("-", 2)]


def test_named_pipe_is_read(tmp_path: Path) -> None:
    """A pipe that is named itself, as a shell's <(...) is, is read once, to its end."""
    os.mkfifo(tmp_path / "pipe")
    content = b'{"n": 1}\n' * 20_000 + b'{"n": '
    writer = Thread(target=(tmp_path / "pipe").write_bytes, args=[content])
    writer.start()
    count, rejected, pending = read(tmp_path / "pipe")
    writer.join()
    assert (count, pending) == (20_000, [])
    assert [line for _, line, _ in rejected] == [20_001]
