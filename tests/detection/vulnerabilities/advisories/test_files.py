"""Sources of advisories: folders, files and archives."""

import json
import zipfile
from pathlib import Path

import pytest

from securenet_obs.detection.vulnerabilities.advisories.files import read_records
from securenet_obs.errors import AdvisoriesError


def test_a_folder_is_read_with_its_archives(tmp_path: Path) -> None:
    """Files and members of archives are records; a broken one has its place and reason."""
    (tmp_path / "npm").mkdir()
    (tmp_path / "one.json").write_text('{"id": "A"}')
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "notes.txt").write_text("not an advisory")
    with zipfile.ZipFile(tmp_path / "npm" / "all.zip", "w") as archive:
        archive.writestr("B.json", json.dumps({"id": "B"}))
        archive.writestr("README", "not an advisory")
    sources = list(read_records(tmp_path))
    assert [row.record["id"] for row in sources if not row.problem] == ["B", "A"]
    (broken,) = (row for row in sources if row.problem)
    assert (broken.place, broken.problem[:23]) == ("broken.json", "it is not valid JSON: u")


def test_an_archive_with_a_damaged_member_is_read(tmp_path: Path) -> None:
    """The checksum of a member is verified; the others are read."""
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("A.json", '{"id": "AAAA"}')
        archive.writestr("B.json", '{"id": "B"}')
    path.write_bytes(path.read_bytes().replace(b"AAAA", b"AXAA"))
    damaged, sound = read_records(path)
    assert damaged.place == "all.zip: A.json"
    assert "CRC" in damaged.problem
    assert sound.record == {"id": "B"}


def test_a_source_without_advisories_is_refused(tmp_path: Path) -> None:
    """An empty folder is not an empty set of advisories, and a text is not an archive."""
    with pytest.raises(AdvisoriesError, match="has no advisories"):
        list(read_records(tmp_path))
    (tmp_path / "all.zip").write_text("text")
    with pytest.raises(AdvisoriesError, match=r"all\.zip is not a zip archive"):
        list(read_records(tmp_path))
