"""Finishing a run: a notebook or page that fails makes it an error, and hides no verdict."""

import json
from pathlib import Path

import pytest

from securenet_obs.runner.evidence.finishing import finish
from securenet_obs.runner.evidence.folder import EvidenceFolder
from securenet_obs.runner.record.verdict import Judgement, Verdict
from tests.runner.evidence.conftest import NOTEBOOK


@pytest.mark.parametrize(
    ("before", "after"), [("failed", "error"), ("timeout", "timeout"), ("interrupted",) * 2]
)
def test_a_page_that_is_missing_hides_no_worse_verdict(
    before: str, after: str, folder: EvidenceFolder
) -> None:
    """The worse of the two verdicts counts, and the reason has both."""
    (folder.path / "r.ipynb").unlink()
    judgement = finish(folder, "r", Judgement(Verdict(before), 1, "why"), 1.0, "")
    assert (judgement.verdict, judgement.cell) == (after, 1)
    assert f"(the run itself: {before}: why)" in judgement.reason


UNSHOWABLE = {"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": 5}}


@pytest.mark.parametrize("by_server", [True, False])
def test_a_page_that_cannot_be_made_costs_the_page_alone(
    by_server: bool, folder: EvidenceFolder, server: str
) -> None:
    """The notebook is kept, and its banner states the final verdict."""
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": "1", "execution_count": 1}
    document = json.loads(NOTEBOOK) | {"cells": [{**cell, "outputs": [UNSHOWABLE]}]}
    (folder.path / "r.ipynb").write_text(json.dumps(document))
    judgement = finish(folder, "r", Judgement(Verdict.PASSED), 1.0, server if by_server else "")
    assert judgement.verdict == "error"
    assert "r.html: cannot be made: " in judgement.reason
    assert not (folder.path / "r.html").exists()
    banner = json.loads((folder.path / "r.ipynb").read_text())["cells"][0]["source"]
    assert banner.startswith("# ✘ error")
    assert not folder.unwritable


def test_a_server_that_is_gone_costs_no_page(folder: EvidenceFolder, tmp_path: Path) -> None:
    """The page is rendered in the calling process if the server does not answer."""
    finish(folder, "r", Judgement(Verdict.PASSED), 1.0, str(tmp_path / "no socket"))
    assert "<title>n</title>" in (folder.path / "r.html").read_text()
    assert not folder.unwritable
