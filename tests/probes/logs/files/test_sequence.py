import gzip
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.probes.logs.files.batches import Fault
from securenet_obs.probes.logs.files.sequence import LogReading


def write(folder: Path, **names: int) -> None:
    for name, number in names.items():
        (folder / name.replace("_", ".")).write_text(f"{number}\n")


def read(reading: LogReading, after: dict[str, Callable[[], object]] | None = None) -> list[object]:
    """Return the lines and faults in order; call a function of `after` at its line."""
    found: list[object] = []
    for _, part in reading.read():
        lines = [part.reason] if isinstance(part, Fault) else part.content.decode().split("\n")
        for line in lines:
            found.append(line)
            if after and line in after:
                after.pop(line)()
    return found


def rotate(folder: Path, number: int, compress: bool = False) -> None:
    """Rotate app.log as logrotate does, and begin a new one."""
    for old in (3, 2, 1):
        if (folder / f"app.log.{old}").exists():
            (folder / f"app.log.{old}").rename(folder / f"app.log.{old + 1}")
    (folder / "app.log").rename(folder / "app.log.1")
    write(folder, app_log=number)
    if compress:
        for file in sorted(folder.glob("app.log.[2-9]")):
            file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
            file.unlink()


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("moment", ["1", "2", "3"])
def test_log_rotated_during_reading_is_read_once(
    tmp_path: Path, moment: str, compress: bool
) -> None:
    """Each line is read exactly once and in order if logrotate renames and compresses files."""
    write(tmp_path, app_log_2=1, app_log_1=2, app_log=3)
    found = read(LogReading(tmp_path), {moment: lambda: rotate(tmp_path, 4, compress)})
    assert found in (["1", "", "2", "", "3", ""], ["1", "2", "3"], ["1", "2", "3", "4"])


def test_log_rotated_again_and_again_is_read_once(tmp_path: Path) -> None:
    """A rotation at every file neither repeats a line nor loses one."""
    write(tmp_path, app_log_2=1, app_log_1=2, app_log=3)
    steps = {str(n): (lambda n=n: rotate(tmp_path, n + 3)) for n in range(1, 4)}
    assert read(LogReading(tmp_path), steps)[:3] == ["1", "2", "3"]


def test_deleted_file_is_reported(tmp_path: Path) -> None:
    """A file that is deleted before it is read does not stop the reading."""
    write(tmp_path, a_log=1, b_log=2)
    reading = LogReading(tmp_path / "a.log", tmp_path / "b.log")
    found = read(reading, {"1": (tmp_path / "b.log").unlink})
    assert found == ["1", "unreadable: No such file or directory"]


def test_truncated_file_is_read_on(tmp_path: Path) -> None:
    """A file that copytruncate empties meanwhile ends there."""
    file = tmp_path / "a.log"
    file.write_text("".join(f"{number}\n" for number in range(100_000)))
    found = read(LogReading(file), {"0": lambda: os.truncate(file, 0)})
    # The line in which the first block ended is cut.
    assert 1 < len(found) < 100_000
    assert found[:-1] == [str(number) for number in range(len(found) - 1)]


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_standard_input_is_read(
    monkeypatch: pytest.MonkeyPatch, compress: Callable[[bytes], bytes]
) -> None:
    """The source - is standard input, plain or compressed."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(compress(b"1\n2\n"))))
    assert read(LogReading("-")) == ["1", "2"]


@pytest.mark.parametrize("stdin", [None, io.StringIO(), io.TextIOWrapper(io.BytesIO())])
def test_missing_standard_input_is_reported(
    monkeypatch: pytest.MonkeyPatch, stdin: io.TextIOWrapper | None
) -> None:
    """A process without standard input, and a notebook, get a fault, not an error."""
    if isinstance(stdin, io.TextIOWrapper):
        stdin.close()
    monkeypatch.setattr(sys, "stdin", stdin)
    assert read(LogReading("-")) == ["unreadable: there is no standard input"]
