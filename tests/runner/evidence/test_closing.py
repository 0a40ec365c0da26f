"""Closing evidence folders: from the journal alone, by any later command, after its owner's end."""

import pytest

from securenet_obs.runner.evidence import closing, junit
from securenet_obs.runner.evidence.closing import abandon, close, close_orphans
from securenet_obs.runner.evidence.finishing import finish
from securenet_obs.runner.evidence.folder import EvidenceFolder, read_manifest, verify
from securenet_obs.runner.record.verdict import Judgement, Verdict
from tests.runner.evidence.conftest import NOTEBOOK


def test_a_folder_with_a_live_owner_is_left_alone(folder: EvidenceFolder) -> None:
    """A folder is closed once, as interrupted, and only after its command has ended."""
    assert close_orphans(folder.path.parent) == []
    folder.journal.close()
    assert close_orphans(folder.path.parent) == [folder.path]
    (row,) = read_manifest(folder.path)["runs"]
    assert (row["verdict"], row["reason"]) == ("interrupted", closing.ORPHANED)
    assert (folder.path / "r.html").exists()
    assert close_orphans(folder.path.parent) == []


@pytest.mark.parametrize(
    "content", [None, "", "{", "[]", '{"cells": [1]}', NOTEBOOK.replace("[]", "[{}]"), "[" * 9999]
)
def test_a_notebook_that_cannot_be_read_is_an_error_in_the_manifest(
    content: str | None, folder: EvidenceFolder
) -> None:
    """The run has the verdict `error` with the reason and its own verdict; the rest is written."""
    path = folder.path / "r.ipynb"
    path.unlink()
    if content is not None:
        path.write_text(content)
    judgement = finish(folder, "r", Judgement(Verdict.PASSED), 1.0, "")
    assert judgement.verdict == "error"
    close(folder)
    manifest = read_manifest(folder.path)
    (row,) = manifest["runs"]
    assert (manifest["verdict"], manifest["exit_code"], row["verdict"]) == ("error", 3, "error")
    assert "r.ipynb: cannot be" in row["reason"]
    assert "(the run itself: passed)" in row["reason"]
    assert {"journal.jsonl", "junit.xml"} <= set(manifest["files"])
    assert verify(folder.path) == []


def test_a_junit_file_that_cannot_be_made_is_an_error(
    folder: EvidenceFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest has the verdict `error` and the reason."""
    finish(folder, "r", Judgement(Verdict.PASSED), 1.0, "")
    monkeypatch.setattr(junit, "junit", lambda *_: 1 / 0)
    _, manifest = close(folder)
    assert (manifest["verdict"], manifest["exit_code"]) == ("error", 3)
    assert "junit.xml: cannot be made: ZeroDivisionError" in manifest["reason"]
    assert verify(folder.path) == []


def test_a_file_that_cannot_be_written_is_an_error(folder: EvidenceFolder) -> None:
    """Notebook and manifest are written although a folder occupies the page's path."""
    (folder.path / "r.html").mkdir()
    (folder.path / "r.html" / "x").touch()
    assert finish(folder, "r", Judgement(Verdict.PASSED), 1.0, "").verdict == "error"
    close(folder)
    manifest = read_manifest(folder.path)
    assert manifest["verdict"] == "error"
    assert "r.html: cannot be written" in manifest["reason"]


def test_a_command_that_broke_off_has_its_evidence_closed(folder: EvidenceFolder) -> None:
    """The run in flight gets the given verdict, and the folder verifies."""
    abandon(folder, "it broke off", Verdict.ERROR)
    manifest = read_manifest(folder.path)
    (row,) = manifest["runs"]
    assert (row["verdict"], row["reason"], manifest["exit_code"]) == ("error", "it broke off", 3)
    assert verify(folder.path) == []


def test_a_manifest_that_cannot_be_written_leaves_no_green_report(folder: EvidenceFolder) -> None:
    """A passed report is rewritten as an error, because the command exits with 3."""
    finish(folder, "r", Judgement(Verdict.PASSED), 1.0, "")
    (folder.path / "run.json").mkdir()
    close(folder)
    assert "run.json: cannot be written" in folder.unwritable
    assert "run.json: cannot be written" in (folder.path / "junit.xml").read_text()
