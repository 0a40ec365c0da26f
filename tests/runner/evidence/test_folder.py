"""Evidence folders: complete, closed, verifiable, and readable by a person."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import EvidenceError
from securenet_obs.runner.command import Outcome
from securenet_obs.runner.evidence.folder import EvidenceFolder, read_manifest, verify
from securenet_obs.runner.evidence.masking import Masker
from securenet_obs.runner.record import journal
from securenet_obs.runner.record.journal import Event

CHECKED = (
    "from securenet_obs.checks import Checks\n"
    "checks = Checks()\n"
    "checks.expect('one is one', expected=1, observed=1)"
)


@pytest.fixture
def outcome(write_notebook: Callable[..., Path], execute: Callable[..., Outcome]) -> Outcome:
    """Return a run that fails in its third cell of four."""
    cells = ["1", CHECKED, "raise ValueError('<b>|bad|</b>')", "2"]
    return execute(write_notebook(*cells, parameters="n: int = 3"), assignments=["n=4"])


def test_a_folder_has_all_its_files(outcome: Outcome) -> None:
    """The folder holds notebook, HTML, facts, journal, JUnit and manifest, and no other file."""
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", outcome.folder.name)
    assert {path.name for path in outcome.folder.iterdir()} == {
        "a_claim.ipynb", "a_claim.html", "facts.json", "index.html", "journal.jsonl", "junit.xml",
        "run.json",
    }  # fmt: skip


def test_the_manifest_names_runs_and_target(outcome: Outcome) -> None:
    """The manifest has verdicts, parameters, target, commit, versions, host, timings, digests."""
    manifest = read_manifest(outcome.folder)
    (row,) = manifest["runs"]
    assert (row["verdict"], row["cell"], row["parameters"]) == ("error", 4, {"n": 4})
    assert row["checks"]["passed"] == 1
    assert set(row["timings"]) == {"0", "1", "2", "3", "4"}
    assert manifest["target"]["name"] == "a test"
    assert {"python", "securenet-obs", "papermill"} <= set(manifest["versions"])
    assert manifest["host"]["processors"] >= 1
    assert set(manifest["files"]) == {
        "a_claim.ipynb", "a_claim.html", "facts.json", "index.html", "journal.jsonl", "junit.xml",
    }  # fmt: skip


def test_the_notebook_opens_with_a_banner_and_its_cells_do_not_lie(outcome: Outcome) -> None:
    """The banner has verdict, linked failing cell and parameters; papermill's statuses are gone."""
    document = json.loads((outcome.folder / "a_claim.ipynb").read_text())
    banner, *cells = document["cells"]
    for word in ("# ✘ error", "[cell 4](#first-failing-cell)", "n = 4", "a test", "duration"):
        assert word in banner["source"]
    index = next(i for i, cell in enumerate(cells) if "first-failing-cell" in cell["source"])
    assert "ValueError" in cells[index + 1]["source"]
    statuses = [cell["metadata"]["securenet"]["status"] for cell in cells
                if cell["cell_type"] == "code"]  # fmt: skip
    assert statuses == ["finished"] * 4 + ["error", "not run"]
    assert cells[-1]["outputs"][0]["data"]["text/plain"] == "This cell did not run."
    assert not any("papermill" in cell["metadata"] for cell in document["cells"])


def test_the_page_loads_nothing_and_runs_nothing(outcome: Outcome) -> None:
    """The HTML forbids scripts and requests, and contains none."""
    page = (outcome.folder / "a_claim.html").read_text()
    assert "Content-Security-Policy" in page
    assert "<script" not in page
    assert not re.search(r"""(src|href)=["']https?:""", page)
    assert "This cell did not run." in page


@pytest.mark.parametrize(
    "name", ["a_claim.ipynb", "index.html", "journal.jsonl", "junit.xml", "run.json"]
)
def test_verify_lists_changed_files(
    name: str, outcome: Outcome, command_line: Callable[..., Any]
) -> None:
    """An untouched folder verifies; each changed, missing or added file is named, with exit 1."""
    assert verify(outcome.folder) == []
    path = outcome.folder / name
    path.write_text(path.read_text().replace("error", "fine!"))
    assert verify(outcome.folder) == [f"{name}: changed"]
    (outcome.folder / "a_claim.html").unlink()
    (outcome.folder / "new").touch()
    answer = command_line("verify", outcome.folder)
    assert answer.returncode == 1
    assert answer.stdout.splitlines() == [
        *sorted(["a_claim.html: missing", f"{name}: changed", "new: added"]), "3 changed",
    ]  # fmt: skip


def test_folders_without_evidence_are_refused(tmp_path: Path) -> None:
    """A folder without a valid manifest raises EvidenceError."""
    with pytest.raises(EvidenceError, match="not a closed evidence folder"):
        verify(tmp_path)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(EvidenceError, match="not a manifest"):
        verify(tmp_path)


def test_no_two_folders_are_the_same(tmp_path: Path) -> None:
    """Folders are unique, also when many are created in one second."""
    folders = [EvidenceFolder.create(tmp_path, Masker()).path for _ in range(50)]
    assert len(set(folders)) == 50


STARTED = {
    "run": "r", "notebook": "n", "path": "n.ipynb", "kind": "plain", "attempt": 1, "cells": 1,
    "declared": [], "parameters": {},
}  # fmt: skip


def test_an_event_is_parsed_once_however_often_the_record_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event is parsed once, although a command reads each run's record several times."""
    parsed: list[bytes] = []
    parse = journal._event

    def counted(line: bytes) -> Event | None:
        parsed.append(line)
        return parse(line)

    monkeypatch.setattr(journal, "_event", counted)
    folder = EvidenceFolder.create(tmp_path, Masker())
    folder.note("run_started", **STARTED)
    for cell in (1, 2, 3):
        folder.note("cell_started", run="r", cell=cell)
        assert folder.run("r").cell == folder.record().run("r").cell == cell
    assert len([line for line in parsed if line]) == 4


def test_an_event_that_cannot_be_written_is_in_the_record_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event follows those that were written, and the folder is marked as incomplete."""
    folder = EvidenceFolder.create(tmp_path, Masker())
    folder.note("run_started", **STARTED)
    folder.note("cell_started", run="r", cell=1)
    monkeypatch.setattr(folder.journal, "append", _fail)
    folder.note("cell_started", run="r", cell=2)
    assert folder.run("r").cell == 2
    assert folder.unwritable == "the disk is full"


def _fail(event: str, **fields: Any) -> Event:
    raise EvidenceError("the disk is full")
