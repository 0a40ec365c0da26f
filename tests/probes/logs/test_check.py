from pathlib import Path

from securenet_obs.probes.logs.check import check_lines
from securenet_obs.probes.logs.frame import log_frame

BAD = [
    b"x",
    b'{"a": NaN}',
    b'{"a": 1,}',
    b"[1]",
    b"",
    b'{"a": "\xff"}',
    b'{"a": 01}',
    b'{"a": 1e400}',
]


def test_report_is_that_of_the_frame(tmp_path: Path) -> None:
    """Checking finds the same lines as reading, with the same reasons."""
    (tmp_path / "a.log").write_bytes(b"".join(b'{"a": 1}\n%b\n' % line for line in BAD))
    (tmp_path / "notes.txt").touch()
    report = check_lines(tmp_path)
    assert report == log_frame(tmp_path).report()
    assert report["valid"] == len(BAD)
    assert len(report["rejected"]) == len(BAD) - 1
    assert len(report["skipped"]) == 1
