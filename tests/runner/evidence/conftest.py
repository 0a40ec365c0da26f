"""Fixture of the evidence's tests: a folder with one started run and its notebook."""

from pathlib import Path

import pytest

from securenet_obs.runner.evidence.folder import EvidenceFolder
from securenet_obs.runner.evidence.masking import Masker

STARTED = {
    "run": "r", "notebook": "n", "path": "n.ipynb", "title": "T", "kind": "plain", "attempt": 1,
    "cells": 1, "declared": [], "parameters": {},
}  # fmt: skip
NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.fixture
def folder(tmp_path: Path) -> EvidenceFolder:
    """Return a folder with one started run."""
    evidence_folder = EvidenceFolder.create(tmp_path / "evidence", Masker())
    evidence_folder.note("opened", id=evidence_folder.path.name, command="run")
    evidence_folder.note("run_started", **STARTED)
    (evidence_folder.path / "r.ipynb").write_text(NOTEBOOK)
    return evidence_folder
