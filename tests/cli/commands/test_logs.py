"""`logs check`: validates log files and reports the lines that are not JSON."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_logs_check_counts_and_lists_invalid_lines(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    """The output has totals and rejected lines with number and reason; one exits 1."""
    good = tmp_path / "good.log"
    good.write_text('{"event": "a"}\n{"event": "b"}\n')
    (tmp_path / "bad.log").write_text('{"event": "a"}\nTraceback (most recent call last):\n')
    answer = call("logs", "check", good, "--json")
    assert answer.returncode == 0
    assert json.loads(answer.stdout)["valid"] == 2
    answer = call("logs", "check", good, "bad.log", "--json")
    assert answer.returncode == 1
    report = json.loads(answer.stdout)
    assert (report["total"], report["valid"]) == (4, 3)
    assert [row["line"] for row in report["rejected"]] == [2]
    assert call("logs", "check", "nowhere.log").returncode == 2
