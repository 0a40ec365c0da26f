"""Executed notebooks in a site outside of the evidence."""

import os
from pathlib import Path

import pytest

from securenet_obs.reports.copies import copy_evidence


@pytest.mark.parametrize("is_other_disk", [False, True])
def test_files_are_linked_or_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_other_disk: bool
) -> None:
    """A newer file replaces the older one; links and other files stay out."""
    source, destination = tmp_path / "a", tmp_path / "out" / "a"
    source.mkdir()
    (source / "n.html").write_text("1")
    (source / "core").write_text("1")
    os.symlink("/etc/passwd", source / "x.html")
    if is_other_disk:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("other disk")))
    copy_evidence(source, destination)
    (source / "n.html").unlink()
    (source / "n.html").write_text("2")
    copy_evidence(source, destination)
    assert [path.name for path in destination.iterdir()] == ["n.html"]
    assert (destination / "n.html").read_text() == "2"
