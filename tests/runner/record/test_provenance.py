"""Provenance of a command: commit and versions, for its journal."""

from pathlib import Path

import pytest

from securenet_obs.runner.record.provenance import digest_code, read_provenance


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


def test_the_digest_of_the_code_counts_changes_without_a_commit(tmp_path: Path) -> None:
    """Content and names of code and data count; other files and times do not."""
    (tmp_path / "a.py").write_text("1")
    first = digest_code(tmp_path)
    (tmp_path / "b.pyc").write_text("1")
    (tmp_path / "a.py").write_text("1")
    assert digest_code(tmp_path) == first
    (tmp_path / "a.py").write_text("2")
    changed = digest_code(tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "c.py")
    assert len({first, changed, digest_code(tmp_path)}) == 3
    assert read_provenance()["code"] == digest_code()
