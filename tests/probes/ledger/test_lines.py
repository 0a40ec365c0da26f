"""The balance of log lines, read from files: rotations, compression, other producers, losses."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path

from securenet_obs.probes.ledger.lines import LineBalance, count_lines

FROM, TO = "2026-11-26T21:37:2", "2026-11-26T21:38:0"


def line(second: int, service: str = "api", **fields: object) -> str:
    timestamp = f"2026-11-26T21:37:{second:02}.123456Z"
    return json.dumps({"timestamp": timestamp, "level": "info", "service": service, **fields})


def test_each_line_of_a_rotated_log_is_counted_once(tmp_path: Path) -> None:
    """Plain and compressed rotations, and only the slices of the period."""
    with gzip.open(tmp_path / "api.log.2.gz", "wt") as file:
        file.write(f"{line(19)}\n{line(20)}\n")
    (tmp_path / "api.log.1").write_text(f"{line(29)}\n")
    (tmp_path / "api.log").write_text(f"{line(30)}\n{line(59)}\n")
    (tmp_path / "worker.log").write_text(f"{line(30, 'worker')}\n")
    found = count_lines([tmp_path], FROM, TO)
    assert found == {
        (FROM, "api"): 2,
        ("2026-11-26T21:37:3", "api"): 1,
        ("2026-11-26T21:37:5", "api"): 1,
        ("2026-11-26T21:37:3", "worker"): 1,
    }


def test_what_is_not_a_whole_line_is_not_counted(tmp_path: Path) -> None:
    """Torn lines, text, other JSON; a time with another zone is that of its instant."""
    lines = [
        line(20)[:60],
        "Traceback (most recent call last):",
        '{"timestamp": "yesterday", "service": "api"}',
        '{"timestamp": "2026-11-26T21:37:20", "service": "api"}',
        '{"timestamp": 5, "service": "api"}',
        '{"timestamp": "2026-11-26T21:37:20Z"}',
        "[]",
        '{"service": "api", "timestamp": "2026-11-26T22:37:25+01:00"}',
    ]
    (tmp_path / "api.log").write_text("\n".join(lines))
    assert count_lines([tmp_path], FROM, TO) == {(FROM, "api"): 1}


def test_a_file_that_was_written_last_before_the_period_is_not_read(tmp_path: Path) -> None:
    """An hour's ledger does not read a year of rotations."""
    for name, at in (("old.log", 1_795_729_039), ("new.log", 1_795_729_041)):
        (tmp_path / name).write_text(f"{line(20)}\n")
        os.utime(tmp_path / name, (at, at))
    assert count_lines([tmp_path], FROM, TO).total() == 1


def test_written_lines_are_read_lost_or_missing() -> None:
    """A surplus of one slice hides no line that is missing in another."""
    later = "2026-11-26T21:37:3"
    balance = LineBalance(
        {
            (FROM, "api"): Counter(written=10, lost=2),
            (later, "api"): Counter(written=4),
        },
        Counter({(FROM, "api"): 7, (later, "api"): 6, (later, "nginx"): 3, (TO, "api"): 1}),
    )
    (row,) = balance.tabulate()
    expected = {"written": 14, "read": 14, "lost": 2, "missing": 1, "uncounted": 3}
    assert row == {"service": "api", **expected}
    assert row["written"] + row["uncounted"] == row["read"] + row["lost"] + row["missing"]  # type: ignore[operator]
    assert balance.missing == {(FROM, "api"): 1}
    assert balance.others == {"nginx": 3}
