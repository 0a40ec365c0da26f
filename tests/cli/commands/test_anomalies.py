"""`anomalies`: judges the values of a CSV file."""

import json
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.cli import main


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with an hour of ordinary values and one that is not."""
    rows = [f"2026-01-01T00:{minute:02}:00Z,{100 + minute % 7}" for minute in range(60)]
    file = tmp_path / "requests.csv"
    file.write_text("\n".join(["timestamp,value", *rows, "2026-01-01T01:00:00Z,5000"]) + "\n")
    return file


def run(*arguments: object) -> int:
    """Run the command and return its exit code."""
    with pytest.raises(SystemExit) as exited:
        main(["anomalies", *map(str, arguments)])
    return int(str(exited.value.code))


def test_json_has_a_point_for_each_row(file: Path, capsys: Any) -> None:
    """Each point has the five documented fields."""
    assert run(file, "--json") == 0
    points = json.loads(capsys.readouterr().out)["points"]
    assert len(points) == 61
    assert {tuple(point) for point in points} == {
        ("timestamp", "value", "score", "anomaly", "reason")
    }
    assert [point["timestamp"] for point in points if point["anomaly"]] == ["2026-01-01T01:00:00Z"]


def test_the_table_has_the_anomalies(file: Path, capsys: Any) -> None:
    """Without --json only anomalies are listed, with their number."""
    assert run(file) == 0
    output = capsys.readouterr().out
    assert "2026-01-01T01:00:00Z" in output
    assert "2026-01-01T00:59:00Z" not in output
    assert "61 points, 1 anomalies" in output


def test_an_unknown_column_is_a_usage_error(file: Path, capsys: Any) -> None:
    """The message names the file's columns; the exit code is 2."""
    assert run(file, "--value", "vale") == 2
    assert "Did you mean value?" in capsys.readouterr().err


def test_a_missing_file_is_a_usage_error(tmp_path: Path, capsys: Any) -> None:
    """The message has an example of the command."""
    assert run(tmp_path / "none.csv") == 2
    assert "securenet-obs anomalies" in capsys.readouterr().err
