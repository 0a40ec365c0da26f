"""Provenance of a command: commit and versions, for its journal."""

from pathlib import Path

import pytest

from securenet_obs.runner.record.provenance import read_provenance


def test_provenance_is_that_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provenance has no commit outside a repository; versions list runtime packages alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    provenance = read_provenance()
    assert provenance["commit"] is None
    assert {"python", "papermill", "securenet-obs"} <= set(provenance["versions"])
    assert "pytest" not in provenance["versions"]
