"""The journal of on-call survives crashes, concurrent writers and secrets."""

import json
import multiprocessing
from pathlib import Path

import pytest

from securenet_obs.errors import EvidenceError
from securenet_obs.oncall.history import NAME, History, read_age_s, tabulate_actions

TARGET = {"redis": "redis://h:1/0", "sentry": "https://s o/p", "environment": "staging"}


def append_many(root: Path, who: str) -> None:
    for number in range(50):
        History(root).append("issued", who=who, number=number)


def test_entries_are_read_back_in_order(tmp_path: Path) -> None:
    """Each entry has its time; a journal that does not exist yet is empty."""
    history = History(tmp_path / "evidence")
    assert history.read() == []
    history.append("issued", digest="0123456789ab", serial="14bf8211")
    history.append("confirmed", digest="0123456789ab")
    entries = history.read()
    assert [row["event"] for row in entries] == ["issued", "confirmed"]
    assert entries[0]["serial"] == "14bf8211"
    assert 0 <= read_age_s(entries[0]) < 60


def test_secrets_are_masked(tmp_path: Path) -> None:
    """A password in a parameter or a result is not in the file."""
    history = History(tmp_path)
    history.append("after", result="redis://:s3cr3t-pw@host/0", password="hunter2-hunter2")
    text = (tmp_path / NAME).read_text()
    assert "s3cr3t-pw" not in text
    assert "hunter2" not in text


def test_a_line_that_a_crash_has_cut_is_left_out(tmp_path: Path) -> None:
    """The next entry does not continue it."""
    history = History(tmp_path)
    history.append("issued", digest="a")
    with (tmp_path / NAME).open("a") as file:
        file.write('{"at": "2026-11-26T21:4')
    history.append("confirmed", digest="a")
    assert [row["event"] for row in history.read()] == ["issued", "confirmed"]


def test_concurrent_writers_lose_nothing(tmp_path: Path) -> None:
    """Every line of two processes is whole."""
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=append_many, args=(tmp_path, who)) for who in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(History(tmp_path).read()) == 100
    assert all(json.loads(line) for line in (tmp_path / NAME).read_text().splitlines())


def test_a_journal_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """Nothing may be done without a record."""
    (tmp_path / "evidence").write_text("a file")
    with pytest.raises(EvidenceError, match=r"oncall\.jsonl cannot be"):
        History(tmp_path / "evidence").append("before")


def test_the_table_has_the_actions_that_ended(tmp_path: Path) -> None:
    """Dry runs and refusals are in the JSON only."""
    history = History(tmp_path)
    common = {"who": "ann", "runbook": "r", "does": "grow", "target": TARGET}
    history.append("issued", **common)
    history.append("after", **common, outcome="done")
    (row,) = tabulate_actions(history.read())
    assert (row["who"], row["did"], row["outcome"]) == ("ann", "grow", "done")
    assert row["target"] == "staging redis://h:1/0"
