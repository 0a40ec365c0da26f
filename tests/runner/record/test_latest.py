"""The latest run of each notebook, from evidence folders."""

import json
from pathlib import Path

import pytest

from securenet_obs.runner.record.latest import LatestRun, LatestRuns


def write(root: Path, folder: str, *rows: tuple[str, str, str]) -> None:
    path = root / folder / "run.json"
    path.parent.mkdir(parents=True)
    names = ("notebook", "verdict", "started")
    path.write_text(json.dumps({"runs": [dict(zip(names, row, strict=True)) for row in rows]}))


def test_a_later_run_replaces_an_earlier_one(tmp_path: Path) -> None:
    """Also one whose evidence appears later; a second attempt is a later run."""
    runs = LatestRuns(tmp_path)
    assert runs.find() == []
    write(tmp_path, "b", ("01", "failed", "2026-01-02T00:00:00Z"))
    write(
        tmp_path,
        "c",
        ("02", "failed", "2026-01-01T00:00:00Z"),
        ("02", "passed", "2026-01-01T00:00:09Z"),
    )
    expected = [LatestRun("01", "failed", 1767312000.0), LatestRun("02", "passed", 1767225609.0)]
    assert runs.find() == expected
    write(tmp_path, "a", ("01", "passed", "2026-01-01T00:00:00Z"))
    assert runs.find() == expected
    write(tmp_path, "d", ("01", "passed", "2026-01-03T00:00:00Z"))
    assert [run.verdict for run in runs.find()] == ["passed", "passed"]


@pytest.mark.parametrize("text", ["", "[]", '{"runs": [{}]}', '{"runs": 1}'])
def test_a_file_that_is_no_summary_is_left_out(tmp_path: Path, text: str) -> None:
    """A damaged file costs no other its run."""
    write(tmp_path, "a", ("01", "passed", "2026-01-01T00:00:00Z"))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "run.json").write_text(text)
    assert len(LatestRuns(tmp_path).find()) == 1


def test_a_link_is_not_another_run(tmp_path: Path) -> None:
    """The page of a run is below the folder of its command, not below `latest`."""
    write(tmp_path, "a", ("01", "passed", "2026-01-01T00:00:00Z"))
    path = tmp_path / "a" / "run.json"
    path.write_text(path.read_text().replace('"notebook"', '"run": "01", "notebook"'))
    (tmp_path / "latest").symlink_to("a")
    assert [run.page for run in LatestRuns(tmp_path).find()] == ["a/01.html"]
