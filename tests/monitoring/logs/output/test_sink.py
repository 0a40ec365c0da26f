"""Lines of a file, also after half a line."""

import json
import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
