"""The journal of on-call survives crashes, concurrent writers and secrets."""

import io
import json
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import EvidenceError
from securenet_obs.oncall.history import NAME, History, read_age_s, tabulate_actions

TARGET = {"redis": "redis://h:1/0", "sentry": "https://s o/p", "environment": "staging"}
AFTER = {"who": "ann", "runbook": "r", "does": "grow", "target": TARGET, "outcome": "done"}


def append_many(root: Path, who: str) -> None:
    for number in range(50):
        History(root).append("before", who=who, number=number)


def test_entries_are_read_back_in_order(tmp_path: Path) -> None:
    """Each entry has its time; a journal that does not exist yet is empty."""
    history = History(tmp_path / "evidence")
    assert history.read() == []
    history.append("before", does="grow")
    history.append("after", **AFTER)
    entries = history.read()
    assert [row["event"] for row in entries] == ["before", "after"]
    assert entries[0]["does"] == "grow"
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
    history.append("before", does="grow")
    with (tmp_path / NAME).open("a") as file:
        file.write('{"at": "2026-11-26T21:4')
    history.append("confirmed", digest="a", who="ann")
    assert [row["event"] for row in history.read()] == ["before", "confirmed"]


@pytest.mark.parametrize(
    "changes",
    [
        {"at": "yesterday"},
        {"at": "2026-11-26T21:47:46"},
        {"at": 7},
        {"target": "redis://h:1/0"},
        {"who": None},
        {"does": ["x"]},
    ],
)
def test_a_line_that_is_not_an_entry_is_left_out(tmp_path: Path, changes: dict[str, Any]) -> None:
    """A journal that was edited by hand must not break every runbook."""
    entry = {"at": "2026-11-26T21:47:46Z", "event": "after", **AFTER}
    lines = [entry, {**entry, **changes}, 1, None]
    (tmp_path / NAME).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert History(tmp_path).read() == [entry]


def test_an_entry_that_does_not_fit_on_the_disk_is_an_error(tmp_path: Path) -> None:
    """A full disk may take a part of a line without an error."""

    class Short(io.FileIO):
        def write(self, line: Any) -> int:
            return super().write(bytes(line)[:9])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fdopen", lambda descriptor, *_, **__: Short(descriptor, "rb+"))
        with pytest.raises(EvidenceError, match="No space left"):
            History(tmp_path).append("before")
    assert History(tmp_path).read() == []


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
    history.append("before", **AFTER)
    history.append("after", **AFTER)
    (row,) = tabulate_actions(history.read())
    assert (row["who"], row["did"], row["outcome"]) == ("ann", "grow", "done")
    assert row["target"] == "staging redis://h:1/0"
