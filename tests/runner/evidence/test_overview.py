"""The page of a command in its evidence folder."""

import json

import pytest

from securenet_obs.runner.evidence import overview
from securenet_obs.runner.evidence.closing import close
from securenet_obs.runner.evidence.finishing import finish
from securenet_obs.runner.evidence.folder import EvidenceFolder, verify
from securenet_obs.runner.record.verdict import Judgement, Verdict


def test_the_page_has_verdict_runs_and_links(folder: EvidenceFolder) -> None:
    """It is part of the evidence: `verify` finds a change of it."""
    check = {"name": "<it>", "outcome": "failed", "expected": "1", "observed": "<2>", "cell": 1}
    folder.note("check", run="r", **check)
    folder.note("run_started", run="s", notebook="s", path="s.ipynb", title="", kind="plain",
                attempt=2, cells=1, declared=[], parameters={})  # fmt: skip
    finish(folder, "r", Judgement(Verdict.FAILED, 1, "failed: <it>"), 1.0, "")
    _, manifest = close(folder)
    page = (folder.path / "index.html").read_text()
    assert manifest["verdict"] == "interrupted"
    assert "interrupted: run" in page
    assert '<a href="r.html">n</a>' in page
    for link in ("junit.xml", "run.json", "journal.jsonl", "r.ipynb"):
        assert f'href="{link}"' in page
        assert (folder.path / link).exists()
    assert "&lt;it&gt;" in page
    assert "&lt;2&gt;" in page
    assert "<it>" not in page
    assert "on attempt 2" in page
    assert verify(folder.path) == []
    (folder.path / "index.html").write_text("")
    assert verify(folder.path) == ["index.html: changed"]


def test_a_notebook_that_was_not_started_is_named(folder: EvidenceFolder) -> None:
    """The plan has it; the page of a command without a run has a sentence."""
    lines = folder.path.joinpath("journal.jsonl").read_text().splitlines()
    opened = json.loads(lines[0]) | {"planned": [{"path": "/x/02_b.ipynb"}, {"path": "n.ipynb"}]}
    record = folder.record()
    record.opened.update(opened)
    page = overview.overview(record, [], Verdict.INTERRUPTED, "a disk is full", folder.path)
    assert "02_b was not started." in page
    assert "a disk is full" in page
    assert "No notebook was run." in page


def test_a_page_that_cannot_be_made_is_an_error(
    folder: EvidenceFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest and the JUnit report have the verdict `error`."""
    finish(folder, "r", Judgement(Verdict.PASSED), 1.0, "")
    monkeypatch.setattr(overview, "overview", lambda *_: 1 / 0)
    _, manifest = close(folder)
    assert manifest["verdict"] == "error"
    assert "index.html: cannot be made: ZeroDivisionError" in manifest["reason"]
    assert "index.html: cannot be made" in (folder.path / "junit.xml").read_text()
