"""The history: every command below an evidence folder, read once."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.errors import EvidenceError
from securenet_obs.reports.history import (
    PRUNED,
    History,
    format_command,
    read_cache,
    write_cache,
)

Add = Callable[..., str]


def read(evidence: Path, cache: Path | None = None) -> tuple[History, list[str]]:
    """Return the history, and the names of the commands that were read from `run.json`."""
    history = History(evidence)
    known = read_cache(cache, "v1") if cache else {}
    read = history.read(known, history.scan())
    return history, [command.name for command in read if command.manifest is not None]


def test_only_new_and_changed_commands_are_read(evidence: Path, add: Add, tmp_path: Path) -> None:
    """The cache has the others; a changed file replaces its runs, and those of a folder that is
    gone are reported.
    """
    first, second, third = add(), add(), add()
    cache = tmp_path / "cache"
    history, names = read(evidence)
    assert names == [first, second, third]
    write_cache(cache, "v1", history.commands)
    again, names = read(evidence, cache)
    assert (names, again.runs) == ([], history.runs)
    manifest = evidence / second / "run.json"
    manifest.write_text(manifest.read_text().replace('"seconds": 1.5', '"seconds": 2.5'))
    (evidence / third / "run.json").unlink()
    fourth = add()
    changed, names = read(evidence, cache)
    assert names == [second, fourth]
    assert [run.command for run in changed.gone] == [second, third]
    assert [run.command for run in changed.runs] == [first, second, fourth]
    assert read_cache(cache, "v2") == {}


def test_files_of_other_kinds_are_told_apart(evidence: Path, add: Add) -> None:
    """A damaged summary has its reason; a command without one has not ended; links are not read."""
    name = add()
    for folder, text in {"a": "{", "b": "[]", "c": '{"runs": 1}'}.items():
        (evidence / folder).mkdir()
        (evidence / folder / "run.json").write_text(text)
    (evidence / "d").mkdir()
    (evidence / "d" / "journal.jsonl").touch()
    (evidence / "dossiers").mkdir()
    os.symlink(name, evidence / "latest")
    (evidence / "oncall.jsonl").touch()
    history, names = read(evidence)
    assert names == [name]
    assert history.unreadable.keys() == {"a", "b", "c"}
    assert history.unreadable["c"] == "not a summary of runs"
    assert history.unfinished == ["d"]


def test_pruned_runs_stay_in_the_history(evidence: Path, add: Add) -> None:
    """They have no page; a folder that is back replaces them."""
    name = add()
    history, _ = read(evidence)
    line = format_command(name, history.commands[name])
    (evidence / PRUNED).write_bytes(line + b"damaged\n" + line)
    assert [run.is_pruned for run in read(evidence)[0].runs] == [False]
    (evidence / name).rename(evidence.parent / name)
    (run,) = read(evidence)[0].runs
    assert (run.is_pruned, run.page, run.verdict) == (True, "", "passed")


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """The message has the folder and the system's reason."""
    with pytest.raises(EvidenceError, match="nowhere: cannot be read: No such file"):
        History(tmp_path / "nowhere").scan()


@pytest.mark.parametrize("text", ["", "v1\n{", "v1\n[1]\n", 'v1\n{"command": "a"}\n'])
def test_a_damaged_cache_is_read_as_far_as_it_goes(tmp_path: Path, text: str) -> None:
    """The commands that it lacks are read anew."""
    (tmp_path / "cache").write_text(text)
    assert read_cache(tmp_path / "cache", "v1") == {}
