"""Journal: whole lines on disk, one owner, and a record that survives truncation."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from securenet_obs.errors import EvidenceError
from securenet_obs.runner.record.journal import Journal


def test_an_event_is_one_line_with_its_time(tmp_path: Path) -> None:
    """An appended event is read back, with a UTC time in microseconds."""
    log = Journal.create(tmp_path / "journal.jsonl")
    log.append("cell_started", run="r", cell=1, text="a\nb\udcff")
    (event,) = log.new_events()
    assert event["text"] == "a\nb\udcff"
    assert event["at"].endswith("Z")
    assert len(event["at"]) == len("2026-11-23T04:05:06.000007Z")


def test_a_line_that_was_cut_off_costs_that_line_only(tmp_path: Path) -> None:
    """The event after a torn line starts a new line."""
    log = Journal.create(tmp_path / "journal.jsonl")
    log.append("opened")
    with log.path.open("ab") as file:
        file.write(b'{"event": "cell_sta')
    log.append("closed")
    assert [event["event"] for event in log.new_events()] == ["opened", "closed"]


def test_an_event_is_read_once_and_not_before_it_is_whole(tmp_path: Path) -> None:
    """Each call returns the new events of all processes; an incomplete line is returned later."""
    log = Journal.create(tmp_path / "journal.jsonl")
    log.append("opened")
    assert [event["event"] for event in log.new_events()] == ["opened"]
    assert log.new_events() == []
    Journal(log.path).append("child_started")
    with log.path.open("ab", buffering=0) as file:
        file.write(b'{"event": "cell_')
        assert [event["event"] for event in log.new_events()] == ["child_started"]
        file.write(b'started"}')
        assert [event["event"] for event in log.new_events()] == ["cell_started"]
        file.write(b"\n")
    log.path.unlink()
    log.append("closed")
    assert [event["event"] for event in log.new_events()] == ["closed"]


def test_a_journal_has_one_owner_until_that_process_ends(tmp_path: Path) -> None:
    """The lock is its creator's, and is released as soon as the creator is killed."""
    path = tmp_path / "journal.jsonl"
    code = (
        "import sys, time; from pathlib import Path\n"
        "from securenet_obs.runner.record.journal import Journal\n"
        f"kept = Journal.create(Path({str(path)!r})); print('made', flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"made\n"
    assert not Journal(path).lock()
    owner.kill()
    owner.communicate()
    assert Journal(path).lock()


def test_an_unwritable_journal_is_reported(tmp_path: Path) -> None:
    """A full disk or a missing folder is an EvidenceError that names the file."""
    (tmp_path / "journal.jsonl").symlink_to("/dev/full")
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with pytest.raises(EvidenceError, match=r"journal\.jsonl.*No space left"):
        Journal(tmp_path / "journal.jsonl").append("opened")
    with pytest.raises(EvidenceError, match="cannot be created"):
        Journal.create(tmp_path / "nowhere" / "journal.jsonl")
