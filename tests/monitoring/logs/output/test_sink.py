"""Lines of a file, also after half a line."""

import json
import math
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.monitoring.logs.output import sink as sink_module
from securenet_obs.monitoring.logs.output.line_output import LineOutput


@pytest.fixture
def limit() -> Iterator[Callable[[int], None]]:
    """Yield a function that limits the size of files, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(
        resource.RLIMIT_FSIZE, (size if size >= 0 else before[0], before[1])
    )
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("reports", [True, False])
def test_a_line_after_half_a_line_starts_on_its_own(
    tmp_path: Path, limit: Callable[[int], None], reports: bool
) -> None:
    """After a full disk only one line is torn, and no empty line is written."""
    file = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    output = LineOutput(file)
    if reports:
        output.format_lost = b'{"lost":%d}\n'.__mod__
    limit(1_000)
    for _ in range(30):
        output.write(b'{"text":"%b"}\n' % (b"x" * 60))
    limit(-1)
    output.write(b'{"text":"again"}\n')
    lines = (tmp_path / "log").read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert b"" not in lines
    torn = [line for line in lines if not line.endswith(b"}")]
    assert len(torn) == 1
    assert json.loads(lines[-1]) == {"text": "again"}


def test_a_process_sees_a_line_that_another_has_torn(
    tmp_path: Path, limit: Callable[[int], None], children: Callable[..., int]
) -> None:
    """Both met the full disk; the first to write afterwards ends the other's half line."""
    log = tmp_path / "log"
    ours = LineOutput(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
    limit(100)
    pid = children(lambda: LineOutput(os.open(log, os.O_WRONLY | os.O_APPEND)).write(b"x" * 150))
    os.waitpid(pid, 0)
    ours.write(b"lost\n")
    limit(-1)
    ours.write(b"again\n")
    assert log.read_bytes() == b"x" * 100 + b"\nagain\n"


def test_a_process_that_was_idle_sees_the_half_line_of_another(
    tmp_path: Path, limit: Callable[[int], None], children: Callable[..., int]
) -> None:
    """A process that logged nothing while the disk was full begins its next line on its own."""
    log = tmp_path / "log"
    ours = LineOutput(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
    ours.write(b"before\n")
    limit(100)
    pid = children(lambda: LineOutput(os.open(log, os.O_WRONLY | os.O_APPEND)).write(b"x" * 150))
    os.waitpid(pid, 0)
    limit(-1)
    time.sleep(0.15)
    ours.write(b"again\n")
    assert log.read_bytes() == b"before\n" + b"x" * 93 + b"\nagain\n"


def test_a_new_process_sees_the_half_line_of_an_earlier_one(tmp_path: Path) -> None:
    """A service that is started again after a full disk begins on a line of its own."""
    log = tmp_path / "log"
    log.write_bytes(b'{"half":')
    LineOutput(os.open(log, os.O_WRONLY | os.O_APPEND)).write(b"again\n")
    assert log.read_bytes() == b'{"half":\nagain\n'


def test_a_line_that_another_process_is_writing_is_not_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No empty line follows a line of which only the first part is seen."""
    # A busy machine may not run the timer's thread for longer than a line is given to grow.
    monkeypatch.setattr(sink_module, "_GROWTH_S", 1.0)
    log = tmp_path / "log"
    log.write_bytes(b"first ")
    ours = LineOutput(os.open(log, os.O_WRONLY | os.O_APPEND))
    other = os.open(log, os.O_WRONLY | os.O_APPEND)
    # The rest comes while the line waits for it.
    monkeypatch.setattr(time, "sleep", lambda _: os.write(other, b"part\n"))
    ours.write(b"ours\n")
    assert log.read_bytes() == b"first part\nours\n"


def test_a_child_forked_during_a_write_leaves_no_empty_line(
    tmp_path: Path, children: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line that another thread of the parent is writing is the parent's to end."""
    # After a pause, which a busy machine makes, a line looks at the end of the file.
    monkeypatch.setattr(sink_module, "_IDLE_S", math.inf)
    file = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    output = LineOutput(file)
    sink: Any = output._sink

    def fork_within(data: bytes) -> int:
        del sink._write_some
        written = os.write(file, data[:5])
        os.waitpid(children(lambda: output.write(b"child\n")), 0)
        return written + os.write(file, data[5:])

    output.write(b"before\n")
    sink._write_some = fork_within
    output.write(b"parent\n")
    # The child's write does not wait for the rest, as one within the parent's single write would.
    assert (tmp_path / "log").read_bytes() == b"before\nparenchild\nt\n"
