"""`logs check`: validates log files and reports the lines that are not JSON."""

import gzip
import json
import subprocess
import sys
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


def test_logs_check_names_skipped_files_and_reads_rotations(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    """A folder is read with its rotations; a file that is not a log is in the output."""
    (tmp_path / "app.log").write_text("{}\n")
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(b"{}\n{}\n"))
    (tmp_path / "notes.txt").touch()
    answer = call("logs", "check", tmp_path)
    assert answer.returncode == 0
    assert "3 lines, 3 valid" in answer.stdout
    assert "notes.txt" in answer.stdout
    assert "not a log by its name" in answer.stdout
    report = json.loads(call("logs", "check", tmp_path / "app.log", "--json").stdout)
    assert (report["valid"], report["skipped"]) == (3, [])


def test_logs_check_reads_standard_input(tmp_path: Path) -> None:
    """The file - is standard input; a byte order mark is no error."""
    command = [sys.executable, "-m", "securenet_obs", "logs", "check", "-", "--json"]
    content = b'\xef\xbb\xbf{"a": 1}\nx\n'
    done = subprocess.run(command, input=content, stdout=subprocess.PIPE, check=False)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert [(row["file"], row["line"]) for row in report["rejected"]] == [("-", 2)]
