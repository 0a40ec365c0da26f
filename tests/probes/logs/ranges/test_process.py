import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import psutil
import pytest

from securenet_obs.probes.logs.ranges import process
from securenet_obs.probes.logs.ranges.child import RangeGathering
from securenet_obs.probes.logs.ranges.division import ByteRange
from securenet_obs.probes.logs.ranges.process import RangeProcess

ListChildren: TypeAlias = Callable[[], list[psutil.Process]]

CONTENT = b'{"a": 0}\n' + b'{"a": 1, "b": "x", "c": [2.5]}\nbad\n' * 3000
RANGE = ByteRange(9, len(CONTENT))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a log."""
    path = tmp_path / "a.log"
    path.write_bytes(CONTENT)
    return path


def test_the_result_is_that_of_a_gathering_here(log: Path, list_children: ListChildren) -> None:
    """The process reads the open file, also if its name is gone; it has ended afterwards."""
    with log.open("rb") as file:
        log.unlink()
        one = RangeProcess(file.fileno(), RANGE)
        # The rest of this process's work, which is as long as the test may last.
        one._began -= 60
        assert one.take() == RangeGathering(file.fileno(), RANGE).gather()
        one.end()
    assert not list_children()


def test_waiting_is_bounded(
    monkeypatch: pytest.MonkeyPatch, log: Path, list_children: ListChildren
) -> None:
    """A process that takes too long has no result; it is killed at the end, also twice."""
    monkeypatch.setattr(process, "_PROGRAM", "import time; time.sleep(600)")
    waits: list[float] = []
    with log.open("rb") as file:
        one = RangeProcess(file.fileno(), RANGE)
        monkeypatch.setattr(time, "monotonic", lambda: one._began + 0.05 + sum(waits))
        waits.append(0.05)
        assert one.take() is None
        one.end()
        one.end()
    assert not list_children()


STREAMLESS = """
import os, sys
from securenet_obs.probes.logs.ranges.division import ByteRange
from securenet_obs.probes.logs.ranges.process import RangeProcess
path, size = sys.argv[1:]
for descriptor in range(3):
    os.close(descriptor)
with open(path, "rb") as file:
    one = RangeProcess(file.fileno(), ByteRange(9, int(size)))
    one._began -= 60
    found = one.take()
    one.end()
assert file.closed and found is not None
open(path + ".result", "w").write(f"{file.name} {found.line_count}")
"""


def test_a_process_without_streams_can_start_it(log: Path) -> None:
    """The file and the pipe then have the numbers of standard streams."""
    subprocess.run([sys.executable, "-c", STREAMLESS, str(log), str(len(CONTENT))], check=False)
    assert Path(f"{log}.result").read_text() == f"{log} 6000"


def test_a_folder_cannot_replace_the_childs_modules(
    monkeypatch: pytest.MonkeyPatch, log: Path
) -> None:
    """Files of the working folder, and variables of Python, do not reach the process."""
    (log.parent / "json.py").write_text("raise SystemExit(3)")
    (log.parent / "orjson.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(log.parent)
    monkeypatch.setenv("PYTHONPATH", str(log.parent))
    with log.open("rb") as file:
        one = RangeProcess(file.fileno(), RANGE)
        one._began -= 60
        assert one.take() is not None
        one.end()
