"""The newest matching line of a target's logs is found at the ends of the files, masked."""

import json
from pathlib import Path

import pytest

from securenet_obs.oncall import log_ends
from securenet_obs.oncall.log_ends import find_newest_line
from securenet_obs.settings import Settings


def write(path: Path, *events: str, day: int = 1) -> None:
    lines = [
        json.dumps({"timestamp": f"2026-11-0{day}T0{n}:00:00Z", "service": "w", "event": event})
        for n, event in enumerate(events)
    ]
    path.write_text("\n".join(["not JSON", *lines]) + "\n")


def test_the_newest_of_all_files_is_returned(tmp_path: Path) -> None:
    """Later lines do not match; a secret in it is masked."""
    write(tmp_path / "a.log", "Unrecoverable error: one", "Unrecoverable error: two", "ready")
    url = "redis://:s3cr3t-pw@h"
    write(tmp_path / "b.log", f"Unrecoverable error: {url}", "ready", day=2)
    found = find_newest_line(Settings(log_source=str(tmp_path)), "Unrecoverable error")
    assert found.startswith("2026-11-02T00:00:00Z w: Unrecoverable error: redis://")
    assert "s3cr3t" not in found
    glob = Settings(log_source=str(tmp_path / "*.log"))
    assert find_newest_line(glob, "Unrecoverable error") == found
    one = find_newest_line(Settings(log_source=str(tmp_path / "a.log")), "Unrecoverable")
    assert one == "2026-11-01T01:00:00Z w: Unrecoverable error: two"


def test_without_logs_or_a_match_nothing_is_found(tmp_path: Path) -> None:
    """A file that is gone is no error: a look goes on."""
    write(tmp_path / "a.log", "ready")
    for source in ("", str(tmp_path), str(tmp_path / "gone.log")):
        assert find_newest_line(Settings(log_source=source), "Unrecoverable error") == ""


def test_only_the_end_of_a_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of gigabytes takes no longer."""
    write(tmp_path / "a.log", "Unrecoverable error: old", *["ready"] * 9)
    monkeypatch.setattr(log_ends, "END_BYTES", 200)
    assert find_newest_line(Settings(log_source=str(tmp_path)), "Unrecoverable") == ""
    assert find_newest_line(Settings(log_source=str(tmp_path)), "ready")
