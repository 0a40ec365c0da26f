"""The evidence of a run becomes that of its command, unchanged or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.distributed.merging import merge, refusal_in, write_refusal
from securenet_obs.errors import EvidenceError
from securenet_obs.runner.command import Outcome
from securenet_obs.runner.comparison.facts import FACTS_FILE
from securenet_obs.runner.evidence.closing import close
from securenet_obs.runner.evidence.folder import EvidenceFolder, verify
from securenet_obs.runner.evidence.masking import Masker
from securenet_obs.runner.record.verdict import Judgement, Verdict
from tests.runner.conftest import execute, listener, server, write_notebook

pytestmark = pytest.mark.stack

__all__ = ["execute", "listener", "server", "write_notebook"]


@pytest.fixture
def part(
    execute: Callable[..., Outcome], write_notebook: Callable[..., Path], tmp_path: Path
) -> Path:
    """Return the evidence of a worker: a run that was broken at its second cell."""
    execute(write_notebook("print('shown')", "1 / 0"), evidence=tmp_path / "part")
    return tmp_path / "part"


@pytest.fixture
def folder(tmp_path: Path) -> EvidenceFolder:
    """Return the evidence folder of a command with one run."""
    folder = EvidenceFolder.create(tmp_path / "evidence", Masker())
    folder.note("opened", id=folder.path.name, command="validate", target={}, planned=[])
    start = {"notebook": "a_claim", "path": "", "title": "", "kind": "validation", "attempt": 1}
    empty = {"cells": 2, "declared": [], "parameters": {}, "compared": []}
    folder.note("run_started", run="mine", first="mine", **start, **empty)
    return folder


def test_verdict_events_and_files_are_taken_over(part: Path, folder: EvidenceFolder) -> None:
    """The command's folder is whole, with the run under the name that it has there."""
    judgement, seconds = merge(folder, "mine", part, worker="worker-1")
    assert judgement == Judgement(Verdict.ERROR, 2, "ZeroDivisionError: division by zero")
    assert seconds > 0
    record = folder.run("mine")
    assert (record.cell, record.fate.split(":")[0]) == (2, "exit status 0")
    close(folder)
    assert verify(folder.path) == []
    assert "shown" in (folder.path / "mine.ipynb").read_text()
    assert (folder.path / "mine.html").exists()


def test_each_file_of_a_run_has_its_name_and_the_facts_stay(
    execute: Callable[..., Outcome],
    write_notebook: Callable[..., Path],
    folder: EvidenceFolder,
    tmp_path: Path,
) -> None:
    """The log schema of a second run had replaced that of the first; facts have keyed digests."""
    cell = (
        "import os\nfrom pathlib import Path\n"
        "schema = Path(os.environ['SECURENET_OBS_EVIDENCE'], 'a_claim.log_schema.json')\n"
        "schema.write_text('{}')"
    )
    execute(write_notebook(cell), evidence=tmp_path / "part")
    (folder.path / FACTS_FILE).write_text("mine")
    merge(folder, "mine", tmp_path / "part")
    assert (folder.path / "mine.log_schema.json").read_text() == "{}"
    assert not (folder.path / "a_claim.log_schema.json").exists()
    assert (folder.path / FACTS_FILE).read_text() == "mine"


@pytest.mark.parametrize("change", ["journal.jsonl", "a_claim.ipynb"])
def test_changed_evidence_is_refused(part: Path, folder: EvidenceFolder, change: str) -> None:
    """A verdict that was edited on its way is not believed."""
    (path,) = part.rglob(change)
    path.write_text(path.read_text().replace("ZeroDivisionError", "SystemExit"))
    with pytest.raises(EvidenceError, match="changed"):
        merge(folder, "mine", part)


def test_a_part_without_a_run_is_refused(folder: EvidenceFolder, tmp_path: Path) -> None:
    """A worker that left nothing has proven nothing."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(EvidenceError, match="no evidence"):
        merge(folder, "mine", tmp_path / "empty")


def test_a_refusal_has_its_reason(tmp_path: Path) -> None:
    """A worker that cannot begin gives the reason."""
    write_refusal(tmp_path / "part", "another version")
    assert refusal_in(tmp_path / "part") == "another version"
    assert refusal_in(tmp_path) == ""
