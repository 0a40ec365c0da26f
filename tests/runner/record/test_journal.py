"""The journal: whole lines on disk, one owner, and a record that survives a cut."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import EvidenceError
from securenet_obs.runner.record import journal
from securenet_obs.runner.record.journal import Journal


def test_an_event_is_one_line_with_its_time(tmp_path: Path) -> None:
    """What is appended is read back, with a UTC time of microseconds."""
    log = Journal.create(tmp_path / "journal.jsonl")
    log.append("cell_started", run="r", cell=1, text="a\nb\udcff")
    (event,) = journal.read(log.path)
    assert event["text"] == "a\nb\udcff"
    assert event["at"].endswith("Z")
    assert len(event["at"]) == len("2026-11-23T04:05:06.000007Z")


def test_a_line_that_was_cut_off_costs_that_line_only(tmp_path: Path) -> None:
    """After a torn line the next event begins a new one."""
    log = Journal.create(tmp_path / "journal.jsonl")
    log.append("opened")
    with log.path.open("ab") as file:
        file.write(b'{"event": "cell_sta')
    log.append("closed")
    assert [event["event"] for event in journal.read(log.path)] == ["opened", "closed"]


def test_a_journal_has_one_owner_until_that_process_ends(tmp_path: Path) -> None:
    """The lock is its creator's, and free as soon as the creator is killed."""
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


def test_a_journal_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A full disk, or a folder that is not there, is an EvidenceError that names the file."""
    (tmp_path / "journal.jsonl").symlink_to("/dev/full")
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with pytest.raises(EvidenceError, match=r"journal\.jsonl.*No space left"):
        Journal(tmp_path / "journal.jsonl").append("opened")
    with pytest.raises(EvidenceError, match="cannot be created"):
        Journal.create(tmp_path / "nowhere" / "journal.jsonl")


def test_a_failed_check_cannot_be_judged_away() -> None:
    """A check that is judged again keeps its place, and its failure with the cell of it."""
    started = {"event": "run_started", "run": "r", "kind": "validation", "declared": []}
    rows = [
        {"event": "check", "run": "r", "cell": 1, "name": "a", "outcome": "failed"},
        {"event": "check", "run": "r", "cell": 1, "name": "b", "outcome": "passed"},
        {"event": "check", "run": "r", "cell": 2, "name": "a", "outcome": "passed"},
        {"event": "check", "run": "r", "cell": 3, "name": "b", "outcome": "failed"},
        {"event": "check", "run": "another", "cell": 2, "name": "c", "outcome": "failed"},
    ]
    (record,) = journal.records([started, *rows])
    assert [(row.name, row.outcome) for row in record.checks] == [("a", "failed"), ("b", "failed")]
    assert (record.cell_of("a"), record.cell_of("b")) == (1, 3)


def test_an_event_that_is_not_ours_is_passed_over() -> None:
    """A notebook can write to its journal; what it writes there costs no evidence."""
    odd: list[dict[str, Any]] = [
        {"event": "run_started"}, {"event": "cell_started", "run": "r"},
        {"event": "cell_finished", "run": "r", "cell": []}, {"event": "ended", "run": []},
        {"event": "check", "run": "r", "name": "x"},
    ]  # fmt: skip
    (record,) = journal.records([{"event": "run_started", "run": "r"}, *odd])
    assert (record.run, record.cell, record.checks, record.ended) == ("r", None, [], False)
