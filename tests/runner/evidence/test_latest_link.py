"""The link `latest` in an evidence root."""

import os
from pathlib import Path

import pytest

from securenet_obs.runner.evidence.latest_link import link_latest


def test_the_link_leads_to_the_newest_folder(tmp_path: Path) -> None:
    """It is relative, so that the evidence can be moved; one that leads nowhere is replaced."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        link_latest(tmp_path / name)
        assert os.readlink(tmp_path / "latest") == name
    (tmp_path / "b").rmdir()
    link_latest(tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "latest"]
    assert (tmp_path / "latest").resolve() == tmp_path / "a"


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_file_of_that_name_is_left_alone(tmp_path: Path, kind: str) -> None:
    """It is not ours."""
    (tmp_path / "latest").mkdir() if kind == "folder" else (tmp_path / "latest").touch()
    (tmp_path / "a").mkdir()
    link_latest(tmp_path / "a")
    assert not (tmp_path / "latest").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "latest"]


def test_a_disk_without_links_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command goes on."""
    monkeypatch.setattr(os, "symlink", lambda *_, **__: (_ for _ in ()).throw(OSError("no links")))
    (tmp_path / "a").mkdir()
    link_latest(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
