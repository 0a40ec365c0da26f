"""Closing a folder: from the journal alone, by whoever comes next, and only if nobody owns it."""

from pathlib import Path

import pytest

from securenet_obs.runner import closing
from securenet_obs.runner.closing import close, close_orphans, finish, surroundings
from securenet_obs.runner.evidence import EvidenceFolder, read_manifest
from securenet_obs.runner.masking import Masker
from securenet_obs.runner.verdict import Judgement, Verdict

STARTED = {
    "run": "r", "notebook": "n", "path": "n.ipynb", "title": "T", "kind": "plain", "attempt": 1,
    "cells": 1, "declared": [], "parameters": {},
}  # fmt: skip
NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.fixture
def folder(tmp_path: Path) -> EvidenceFolder:
    """Return a folder with a run that was started."""
    made = EvidenceFolder.create(tmp_path / "evidence", Masker())
    made.note("opened", id=made.path.name, command="run")
    made.note("run_started", **STARTED)
    (made.path / "r.ipynb").write_text(NOTEBOOK)
    return made


def test_a_folder_that_somebody_owns_is_left_alone(folder: EvidenceFolder) -> None:
    """Only when its command is gone is it closed, once, as interrupted."""
    assert close_orphans(folder.path.parent) == []
    folder.journal.close()
    assert close_orphans(folder.path.parent) == [folder.path]
    (row,) = read_manifest(folder.path)["runs"]
    assert (row["verdict"], row["reason"]) == ("interrupted", closing.ORPHANED)
    assert (folder.path / "r.html").exists()
    assert close_orphans(folder.path.parent) == []


def test_a_notebook_that_is_gone_costs_its_page_and_not_the_verdict(
    folder: EvidenceFolder,
) -> None:
    """It is noted that the evidence is not whole, and the rest is written."""
    (folder.path / "r.ipynb").unlink()
    finish(folder, "r", Judgement(Verdict.PASSED), 1.0, "")
    assert "r.ipynb: cannot be read" in folder.unwritable
    runs, manifest = close(folder)
    assert [(run.judged or {})["verdict"] for run in runs] == ["passed"]
    assert set(manifest["files"]) == {"journal.jsonl", "junit.xml"}


def test_a_server_that_is_gone_costs_no_page(folder: EvidenceFolder, tmp_path: Path) -> None:
    """Then the page is made here."""
    finish(folder, "r", Judgement(Verdict.PASSED), 1.0, str(tmp_path / "no socket"))
    assert "<title>n</title>" in (folder.path / "r.html").read_text()
    assert not folder.unwritable


def test_surroundings_are_those_of_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside of a repository there is no commit; versions are of what users install."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    facts = surroundings()
    assert facts["commit"] is None
    assert {"python", "papermill", "securenet-obs"} <= set(facts["versions"])
    assert "pytest" not in facts["versions"]
