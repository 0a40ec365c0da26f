"""The newest lines of a log show the format that is written now, not an earlier one."""

from pathlib import Path

import pytest

from securenet_obs.errors import NotFoundError
from securenet_obs.monitoring.logs.console import console_line
from securenet_obs.probes.logs.newest import TAIL_BYTES, NewestLines, read_newest_lines

RECORD = (
    b'{"timestamp":"2026-11-26T10:00:00.000000Z","level":"error","event":"x","service":"beat",'
    b'"exception":[{"exc_type":"ValueError","exc_value":"y","frames":[]}]}'
)
CONSOLE, CRASH = console_line(RECORD, colors=False).splitlines()
COLOURED = console_line(RECORD, colors=True).splitlines()[0]
FOREIGN = b"Segmentation fault"


@pytest.mark.parametrize(
    ("lines", "rejected", "valid_since", "is_console", "foreign"),
    [
        ([], 0, 0, False, 0),
        ([RECORD, RECORD], 0, 2, False, 0),
        ([RECORD, CONSOLE, CRASH], 2, 0, True, 0),
        ([RECORD, COLOURED], 1, 0, True, 0),
        ([CONSOLE, CRASH, RECORD, RECORD], 2, 2, False, 0),
        ([CONSOLE, RECORD, FOREIGN, RECORD], 2, 1, False, 1),
        ([RECORD, FOREIGN, RECORD, b"[1]", b"{NaN}"], 3, 0, False, 3),
    ],
)
def test_the_format_is_that_of_the_last_lines(
    lines: list[bytes], rejected: int, valid_since: int, is_console: bool, foreign: int
) -> None:
    """Lines of an earlier console format, with their tracebacks, are not another program's."""
    log = NewestLines("beat.log", tuple(lines), "beat")
    found = (log.rejected, log.valid_since, log.is_console, log.foreign)
    assert found == (rejected, valid_since, is_console, foreign)


def test_whole_lines_at_the_end_of_live_logs_are_read(tmp_path: Path) -> None:
    """An unfinished line, blank lines and rotations are left out; the service is the last one."""
    long = RECORD.replace(b'"x"', b'"' + b"x" * TAIL_BYTES + b'"')
    (tmp_path / "beat.log").write_bytes(b"\n".join([long, RECORD, b"", CONSOLE, CONSOLE, b'{"cu']))
    (tmp_path / "beat.log.1").write_bytes(FOREIGN + b"\n")
    (tmp_path / "api.log").write_bytes(FOREIGN + b"\n")
    api, beat = read_newest_lines(tmp_path, 2)
    assert (api.service, api.lines) == ("api", (FOREIGN,))
    assert (beat.service, beat.lines) == ("beat", (CONSOLE, CONSOLE))
    (whole,) = read_newest_lines(tmp_path / "beat.log", 9)
    assert whole.lines == (RECORD, CONSOLE, CONSOLE)
    with pytest.raises(NotFoundError):
        read_newest_lines(tmp_path / "none.log", 2)
